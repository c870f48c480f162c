//! How a table is read: all of it, or the part that an index leads to.
//!
//! The rule is the oldest there is: an index whose first columns are all compared with known values is better the more of
//! them there are, a range on the next column better than none, and anything better than reading the whole table
//! (System R weighed costs: Selinger et al., 1979; here no figures about the data are kept that could be weighed).

use super::super::store::error::Result;
use super::super::store::heap::{Place, Version};
use super::super::store::value::{Value, encode_key};
use super::super::store::work::Work;
use super::catalog::Table;
use super::expression::{Expression, Operator};

/// The way to the rows of a table. Expressions are over the columns of the tables read before it.
#[derive(Clone, Debug)]
pub(crate) enum Path {
    Scan,
    Index {
        /// Which of the table's indexes.
        n: usize,
        /// What its first columns must be.
        equal: Vec<Expression>,
        /// Bounds of the column after those, both included: the conditions are looked at again anyway.
        low: Option<Expression>,
        high: Option<Expression>,
    },
}

/// The parts of a condition that must all hold.
pub(crate) fn conjuncts(condition: Expression) -> Vec<Expression> {
    match condition {
        Expression::Binary(Operator::And, left, right) => {
            let mut all = conjuncts(*left);
            all.extend(conjuncts(*right));
            all
        }
        other => vec![other],
    }
}

/// What a condition compares a column with, if it does and that is known before the row is.
fn compared(
    condition: &Expression,
    column: usize,
    known: usize,
) -> Option<(Operator, &Expression)> {
    let Expression::Binary(operator, left, right) = condition else { return None };
    let is_column = |side: &Expression| matches!(side, Expression::Column(n) if *n == column);
    if is_column(left) && right.needs() <= known {
        Some((operator.exchanged()?.exchanged()?, right))
    } else if is_column(right) && left.needs() <= known {
        Some((operator.exchanged()?, left))
    } else {
        None
    }
}

/// The best way to the rows of a table whose columns begin at `start`, and for which all of these conditions hold.
pub(crate) fn choose(table: &Table, start: usize, conditions: &[Expression]) -> Path {
    let find = |column: usize, wanted: &[Operator]| {
        let mut all = conditions.iter().filter_map(|it| compared(it, start + column, start));
        all.find(|(operator, _)| wanted.contains(operator)).map(|(_, with)| with.clone())
    };
    let mut best = (0, Path::Scan);
    for (n, index) in table.indexes.iter().enumerate() {
        let mut equal = Vec::new();
        for &column in &index.columns {
            let Some(with) = find(column, &[Operator::Equal]) else { break };
            equal.push(with);
        }
        let next = index.columns.get(equal.len());
        let bound = |operators: &[Operator]| next.and_then(|&column| find(column, operators));
        let low = bound(&[Operator::Greater, Operator::GreaterOrEqual]);
        let high = bound(&[Operator::Less, Operator::LessOrEqual]);
        let is_one_row = index.is_unique && next.is_none();
        let merit = 4 * equal.len()
            + 2 * usize::from(is_one_row)
            + usize::from(low.is_some() || high.is_some());
        if merit > best.0 {
            best = (merit, Path::Index { n, equal, low, high });
        }
    }
    best.1
}

impl Path {
    /// All versions of rows that it leads to, whoever may see them; the rows of the tables read before make `known`.
    pub(crate) async fn candidates(
        &self,
        work: &mut Work<'_>,
        table: &Table,
        known: &[Value],
    ) -> Result<Vec<(Place, Version)>> {
        let mut found = Vec::new();
        let Self::Index { n, equal, low, high } = self else {
            let mut page = table.heap;
            while page != 0 {
                let (versions, next) = work.versions(page).await?;
                found.extend(versions);
                page = next;
            }
            return Ok(found);
        };
        let Some(index) = table.indexes.get(*n) else { return Ok(found) };
        let equal: Vec<Value> = equal.iter().map(|with| with.value(known)).collect();
        let bound = |more: &Option<Expression>| {
            let mut key = encode_key(&equal);
            if let Some(more) = more {
                key.extend(encode_key(&[more.value(known)]));
            }
            key
        };
        let (low, high) = (bound(low), bound(high));
        let high = (!high.is_empty()).then_some(high.as_slice());
        for place in work.range(index.root, &low, high).await? {
            if let Some(version) = work.version(place).await? {
                found.push((place, version));
            }
        }
        Ok(found)
    }

    /// The rows that it leads to and that the statement sees.
    pub(crate) async fn rows(
        &self,
        work: &mut Work<'_>,
        table: &Table,
        known: &[Value],
    ) -> Result<Vec<(Place, Vec<Value>)>> {
        let mut rows = Vec::new();
        for (place, version) in self.candidates(work, table, known).await? {
            if work.is_visible(version.made, version.gone).await? {
                rows.push((place, version.row));
            }
        }
        Ok(rows)
    }

    /// In the words of SQLite's EXPLAIN QUERY PLAN.
    pub(crate) fn describe(&self, table: &Table, alias: &str) -> String {
        let name = match alias == table.name {
            true => table.name.clone(),
            false => format!("{} AS {alias}", table.name),
        };
        let Self::Index { n, equal, low, high } = self else { return format!("SCAN {name}") };
        let Some(index) = table.indexes.get(*n) else { return format!("SCAN {name}") };
        let column = |at: usize| {
            let column = index.columns.get(at).and_then(|&column| table.columns.get(column));
            column.map_or("", |column| column.name.as_str())
        };
        let mut parts: Vec<String> =
            (0..equal.len()).map(|at| format!("{}=?", column(at))).collect();
        if low.is_some() {
            parts.push(format!("{}>?", column(equal.len())));
        }
        if high.is_some() {
            parts.push(format!("{}<?", column(equal.len())));
        }
        format!("SEARCH {name} USING INDEX {} ({})", index.name, parts.join(" AND "))
    }
}
