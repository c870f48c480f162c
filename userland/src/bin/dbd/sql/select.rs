//! SELECT: tables are joined by nested loops, rows are grouped, sorted and cut.

use super::super::store::error::{Result, sql};
use super::super::store::value::{Value, encode_key};
use super::super::store::work::Work;
use super::access::{Path, choose, conjuncts};
use super::aggregate::Gather;
use super::catalog::{Catalog, Table};
use super::expression::Expression;
use super::names::{Scope, constant, expression_of, ident, object};
use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, JoinConstraint, JoinOperator, LimitClause, OrderByExpr,
    OrderByKind, OrderBySort, Query, Select, SelectItem, SetExpr, TableFactor, Value as Literal,
};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One table of a join: how it is read, and which rows count.
struct Level {
    table: Arc<Table>,
    alias: String,
    path: Path,
    /// Whether rows of the tables before stay that find no partner here: LEFT JOIN.
    is_outer: bool,
    on: Vec<Expression>,
    /// Parts of WHERE that can be answered from here on.
    filter: Vec<Expression>,
}

/// Whether an order goes down, and where it puts NULL.
struct Key {
    by: Expression,
    is_descending: bool,
    are_nulls_first: bool,
}

/// A SELECT that knows what to do.
pub(crate) struct Plan {
    levels: Vec<Level>,
    /// Of WHERE, what names no column.
    filter: Vec<Expression>,
    groups: Option<Vec<Expression>>,
    gather: Gather,
    having: Option<Expression>,
    pub(crate) columns: Vec<String>,
    projection: Vec<Expression>,
    is_distinct: bool,
    order: Vec<Key>,
    offset: usize,
    limit: usize,
}

/// What is not needed here has its default; anything else would be ignored silently.
fn refuse(query: &Query, select: &Select) -> Result<()> {
    let is_plain = query.with.is_none()
        && query.fetch.is_none()
        && query.locks.is_empty()
        && query.for_clause.is_none()
        && query.settings.is_none()
        && query.format_clause.is_none()
        && query.pipe_operators.is_empty()
        && select.top.is_none()
        && select.into.is_none()
        && select.lateral_views.is_empty()
        && select.prewhere.is_none()
        && select.connect_by.is_empty()
        && select.cluster_by.is_empty()
        && select.distribute_by.is_empty()
        && select.sort_by.is_empty()
        && select.named_window.is_empty()
        && select.qualify.is_none();
    if is_plain { Ok(()) } else { sql(format!("not supported: {query}")) }
}

/// The name and alias of a table in FROM.
fn factor(factor: &TableFactor) -> Result<(String, String)> {
    match factor {
        TableFactor::Table { name, alias, args: None, .. } => {
            let name = object(name)?;
            let alias = alias.as_ref().map_or(name.clone(), |alias| ident(&alias.name));
            Ok((name, alias))
        }
        other => sql(format!("not supported: {other}")),
    }
}

impl Plan {
    /// Decides how a query is answered.
    pub(crate) fn new(query: &Query, catalog: &Catalog) -> Result<Self> {
        let SetExpr::Select(select) = query.body.as_ref() else {
            return sql(format!("not supported: {query}"));
        };
        refuse(query, select)?;
        let (scope, mut levels) = tables(select, catalog)?;
        let none = &mut None;
        let filter = match &select.selection {
            Some(filter) => conjuncts(expression_of(filter, &scope, none)?),
            None => Vec::new(),
        };
        let rest = place_filters(&mut levels, &scope, filter);

        let mut gather = Gather::default();
        let groups = match &select.group_by {
            GroupByExpr::Expressions(groups, with) if with.is_empty() => groups,
            other => return sql(format!("not supported: {other}")),
        };
        let groups: Result<Vec<Expression>> =
            groups.iter().map(|group| expression_of(group, &scope, none)).collect();
        let groups = groups?;
        let (columns, projection) = projection(select, &scope, &mut gather)?;
        let having = match &select.having {
            Some(having) => Some(expression_of(having, &scope, &mut Some(&mut gather))?),
            None => None,
        };
        let order = match query.order_by.as_ref().map(|order| &order.kind) {
            None => Vec::new(),
            Some(OrderByKind::Expressions(keys)) => {
                let shown = (columns.as_slice(), projection.as_slice());
                let key = |key: &OrderByExpr| order_key(key, shown, &scope, &mut gather);
                keys.iter().map(key).collect::<Result<_>>()?
            }
            Some(OrderByKind::All(_)) => return sql("not supported: ORDER BY ALL"),
        };
        let is_grouped = !groups.is_empty() || !gather.aggregates.is_empty() || having.is_some();
        let is_distinct = match &select.distinct {
            None | Some(Distinct::All) => false,
            Some(Distinct::Distinct) => true,
            Some(other) => return sql(format!("not supported: {other}")),
        };
        let (offset, limit) = limits(query)?;
        Ok(Self {
            levels,
            filter: rest,
            groups: is_grouped.then_some(groups),
            gather,
            having,
            columns,
            projection,
            is_distinct,
            order,
            offset,
            limit,
        })
    }

    /// The access path of each table.
    pub(crate) fn describe(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .levels
            .iter()
            .map(|level| level.path.describe(&level.table, &level.alias))
            .collect();
        if self.groups.as_ref().is_some_and(|groups| !groups.is_empty()) {
            lines.push("GROUP BY in memory".to_owned());
        }
        if !self.order.is_empty() {
            lines.push("ORDER BY in memory".to_owned());
        }
        lines
    }

    /// Carries it out.
    pub(crate) async fn run(&self, work: &mut Work<'_>) -> Result<Vec<Vec<Value>>> {
        let mut rows = vec![Vec::new()];
        rows.retain(|row: &Vec<Value>| self.filter.iter().all(|filter| filter.is_true(row)));
        for level in &self.levels {
            rows = level.join(work, rows).await?;
        }
        if let Some(groups) = &self.groups {
            rows = self.group(groups, rows);
        }
        if let Some(having) = &self.having {
            rows.retain(|row| having.is_true(row));
        }
        let mut shown: Vec<(Vec<Value>, Vec<Value>)> = rows
            .iter()
            .map(|row| {
                let keys = self.order.iter().map(|key| key.by.value(row)).collect();
                (keys, self.projection.iter().map(|column| column.value(row)).collect())
            })
            .collect();
        if self.is_distinct {
            let mut seen = BTreeSet::new();
            shown.retain(|(_, row)| seen.insert(encode_key(row)));
        }
        shown.sort_by(|(a, _), (b, _)| self.compare(a, b));
        let rows = shown.into_iter().map(|(_, row)| row);
        Ok(rows.skip(self.offset).take(self.limit).collect())
    }

    /// One row for each group: its first, with the values of the aggregates behind it.
    fn group(&self, groups: &[Expression], rows: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
        let mut found: BTreeMap<Vec<u8>, Vec<Vec<Value>>> = BTreeMap::new();
        if groups.is_empty() {
            // Without GROUP BY all rows are one group, even if there are none.
            found.insert(Vec::new(), Vec::new());
        }
        for row in rows {
            let key: Vec<Value> = groups.iter().map(|group| group.value(&row)).collect();
            found.entry(encode_key(&key)).or_default().push(row);
        }
        let width = self.levels.iter().map(|level| level.table.columns.len()).sum();
        let summed = found.into_values().map(|rows| {
            let mut row = rows.first().cloned().unwrap_or_else(|| vec![Value::Null; width]);
            row.extend(self.gather.aggregates.iter().map(|aggregate| aggregate.over(&rows)));
            row
        });
        summed.collect()
    }

    fn compare(&self, a: &[Value], b: &[Value]) -> Ordering {
        for ((a, b), key) in a.iter().zip(b).zip(&self.order) {
            let order = match (a.is_null(), b.is_null()) {
                (true, true) => Ordering::Equal,
                (true, false) if key.are_nulls_first => Ordering::Less,
                (false, true) if !key.are_nulls_first => Ordering::Less,
                (true, false) | (false, true) => Ordering::Greater,
                (false, false) if key.is_descending => b.order(a),
                (false, false) => a.order(b),
            };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }
}

impl Level {
    /// Every row of the tables before, with each of its partners in this one.
    async fn join(&self, work: &mut Work<'_>, rows: Vec<Vec<Value>>) -> Result<Vec<Vec<Value>>> {
        // A scan finds the same whatever came before: once is enough.
        let scanned = match &self.path {
            Path::Scan => Some(self.path.rows(work, &self.table, &[]).await?),
            Path::Index { .. } => None,
        };
        let mut joined = Vec::new();
        for before in rows {
            let found;
            let partners = match &scanned {
                Some(scanned) => scanned,
                None => {
                    found = self.path.rows(work, &self.table, &before).await?;
                    &found
                }
            };
            let mut has_partner = false;
            for (_, partner) in partners {
                let row = [before.as_slice(), partner].concat();
                if self.on.iter().all(|on| on.is_true(&row)) {
                    has_partner = true;
                    joined.push(row);
                }
            }
            if self.is_outer && !has_partner {
                let nulls = vec![Value::Null; self.table.columns.len()];
                joined.push([before.as_slice(), &nulls].concat());
            }
        }
        joined.retain(|row| self.filter.iter().all(|filter| filter.is_true(row)));
        Ok(joined)
    }
}

/// The tables of FROM, in the order in which they are read.
fn tables(select: &Select, catalog: &Catalog) -> Result<(Scope, Vec<Level>)> {
    let (mut scope, mut levels) = (Scope::default(), Vec::new());
    for from in &select.from {
        let first = (&from.relation, &JoinOperator::CrossJoin(JoinConstraint::None));
        let others = from.joins.iter().map(|join| (&join.relation, &join.join_operator));
        for (relation, operator) in std::iter::once(first).chain(others) {
            let (name, alias) = factor(relation)?;
            let table = Arc::clone(catalog.table(&name)?);
            scope.add(alias.clone(), &table)?;
            let (is_outer, constraint) = match operator {
                JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::CrossJoin(constraint) => (false, constraint),
                JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
                    (true, constraint)
                }
                _ => return sql(format!("not supported: {from}")),
            };
            let on = match constraint {
                JoinConstraint::None => Vec::new(),
                JoinConstraint::On(on) => conjuncts(expression_of(on, &scope, &mut None)?),
                _ => return sql(format!("not supported: {from}")),
            };
            let (path, filter) = (Path::Scan, Vec::new());
            levels.push(Level { table, alias, path, is_outer, on, filter });
        }
    }
    Ok((scope, levels))
}

/// Gives each part of WHERE to the first table after which it can be answered, and chooses the tables' paths. Returns
/// what names no column.
fn place_filters(levels: &mut [Level], scope: &Scope, filter: Vec<Expression>) -> Vec<Expression> {
    let (mut rest, mut later) = (Vec::new(), filter);
    rest.extend(later.extract_if(.., |part| part.needs() == 0));
    for (level, (_, table, start)) in levels.iter_mut().zip(&scope.tables) {
        let end = start + table.columns.len();
        level.filter.extend(later.extract_if(.., |part| part.needs() <= end));
        let mut conditions = level.on.clone();
        if !level.is_outer {
            conditions.extend(level.filter.iter().cloned());
        }
        level.path = choose(table, *start, &conditions);
    }
    rest
}

/// The columns that are shown: names and expressions.
fn projection(
    select: &Select,
    scope: &Scope,
    gather: &mut Gather,
) -> Result<(Vec<String>, Vec<Expression>)> {
    let (mut names, mut expressions) = (Vec::new(), Vec::new());
    for item in &select.projection {
        let (name, expression) = match item {
            SelectItem::UnnamedExpr(expression) => {
                let name = match expression {
                    Expr::Identifier(name) => ident(name),
                    Expr::CompoundIdentifier(names) => names.last().map(ident).unwrap_or_default(),
                    other => other.to_string(),
                };
                (name, expression)
            }
            SelectItem::ExprWithAlias { expr, alias } => (ident(alias), expr),
            SelectItem::Wildcard(_) => {
                for (_, table, start) in &scope.tables {
                    for (n, column) in table.columns.iter().enumerate() {
                        names.push(column.name.clone());
                        expressions.push(Expression::Column(start + n));
                    }
                }
                continue;
            }
            other => return sql(format!("not supported: {other}")),
        };
        names.push(name);
        expressions.push(expression_of(expression, scope, &mut Some(gather))?);
    }
    Ok((names, expressions))
}

/// What to sort by: a shown column by its number or name, or any expression.
fn order_key(
    key: &OrderByExpr,
    (names, shown): (&[String], &[Expression]),
    scope: &Scope,
    gather: &mut Gather,
) -> Result<Key> {
    let number = match &key.expr {
        Expr::Value(value) => match &value.value {
            Literal::Number(digits, _) => digits.parse::<usize>().ok(),
            _ => None,
        },
        Expr::Identifier(name) => {
            names.iter().position(|shown| *shown == ident(name)).map(|at| at + 1)
        }
        _ => None,
    };
    let by = match number {
        Some(number) => match number.checked_sub(1).and_then(|at| shown.get(at)) {
            Some(shown) => shown.clone(),
            None => return sql(format!("ORDER BY: there is no column {number}")),
        },
        None => expression_of(&key.expr, scope, &mut Some(gather))?,
    };
    let is_descending = matches!(key.options.sort, Some(OrderBySort::Desc));
    // SQLite takes NULL for less than anything else.
    let are_nulls_first = key.options.nulls_first.unwrap_or(!is_descending);
    Ok(Key { by, is_descending, are_nulls_first })
}

/// OFFSET and LIMIT.
fn limits(query: &Query) -> Result<(usize, usize)> {
    let number = |expression: Option<&Expr>, default: usize| match expression.map(constant) {
        None => Ok(default),
        Some(value) => match value? {
            // A negative limit is none.
            Value::Integer(n) => Ok(usize::try_from(n).unwrap_or(default)),
            other => sql(format!("LIMIT: {other} is no number")),
        },
    };
    match &query.limit_clause {
        None => Ok((0, usize::MAX)),
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
            let offset = offset.as_ref().map(|offset| &offset.value);
            Ok((number(offset, 0)?, number(limit.as_ref(), usize::MAX)?))
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
            Ok((number(Some(offset), 0)?, number(Some(limit), usize::MAX)?))
        }
        Some(other) => sql(format!("not supported: {other}")),
    }
}
