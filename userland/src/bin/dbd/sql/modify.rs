//! INSERT, UPDATE, DELETE, and the constraints that hold afterwards.
//!
//! A row is never changed where it lies. An UPDATE marks it as gone in the name of its transaction and puts a new version
//! in; the mark is the row's lock. Uniqueness is looked at row by row, foreign keys at the end of the statement.

use super::super::store::error::{Error, Result, sql};
use super::super::store::heap::Place;
use super::super::store::value::{Value, encode_key};
use super::super::store::work::Work;
use super::access::{choose, conjuncts};
use super::catalog::{Catalog, Table, referred};
use super::expression::{Expression, Operator};
use super::names::{Scope, expression_of, ident, object};
use super::select::Plan;
use sqlparser::ast::{
    AssignmentTarget, Delete, Expr, FromTable, Insert, SetExpr, TableFactor, TableObject,
    TableWithJoins, Update,
};
use std::sync::Arc;

/// INSERT; how many rows.
pub(crate) async fn insert(work: &mut Work<'_>, catalog: &Catalog, insert: &Insert) -> Result<u64> {
    let TableObject::TableName(name) = &insert.table else {
        return sql(format!("not supported: {insert}"));
    };
    if insert.or.is_some() || insert.on.is_some() || insert.returning.is_some() {
        return sql(format!("not supported: {insert}"));
    }
    let table = catalog.table(&object(name)?)?;
    let columns: Vec<usize> = match insert.columns.is_empty() {
        true => (0..table.columns.len()).collect(),
        false => {
            insert.columns.iter().map(|name| table.need(&object(name)?)).collect::<Result<_>>()?
        }
    };
    let rows = new_rows(work, catalog, insert).await?;
    let mut added = Vec::new();
    for values in &rows {
        if values.len() != columns.len() {
            return sql(format!("{} values for {} columns", values.len(), columns.len()));
        }
        let mut row: Vec<Value> =
            table.columns.iter().map(|column| column.default.clone()).collect();
        for (&n, value) in columns.iter().zip(values) {
            if let Some(place) = row.get_mut(n) {
                *place = value.clone();
            }
        }
        let row: Vec<Value> =
            row.into_iter().enumerate().map(|(n, value)| table.convert(n, value)).collect();
        add_row(work, table, &row).await?;
        added.push(row);
    }
    for row in &added {
        check_references(work, catalog, table, row).await?;
    }
    Ok(added.len() as u64)
}

/// The rows that an INSERT names or asks for.
async fn new_rows(
    work: &mut Work<'_>,
    catalog: &Catalog,
    insert: &Insert,
) -> Result<Vec<Vec<Value>>> {
    let Some(source) = &insert.source else { return sql(format!("not supported: {insert}")) };
    let SetExpr::Values(values) = source.body.as_ref() else {
        return Plan::new(source, catalog)?.run(work).await;
    };
    let row = |row: &Vec<Expr>| row.iter().map(super::names::constant).collect::<Result<Vec<_>>>();
    values.rows.iter().map(|values| row(&values.content)).collect()
}

/// The one table that a statement changes.
fn only_table(catalog: &Catalog, tables: &[TableWithJoins]) -> Result<(Arc<Table>, Scope)> {
    let [TableWithJoins { relation: TableFactor::Table { name, alias, .. }, joins }] = tables
    else {
        return sql("not supported: changing several tables at once");
    };
    if !joins.is_empty() {
        return sql("not supported: changing several tables at once");
    }
    let table = Arc::clone(catalog.table(&object(name)?)?);
    let mut scope = Scope::default();
    let name = alias.as_ref().map_or(table.name.clone(), |alias| ident(&alias.name));
    scope.add(name, &table)?;
    Ok((table, scope))
}

/// The rows for which a condition holds.
async fn matching(
    work: &mut Work<'_>,
    table: &Table,
    scope: &Scope,
    selection: Option<&Expr>,
) -> Result<Vec<(Place, Vec<Value>)>> {
    let conditions = match selection {
        Some(selection) => conjuncts(expression_of(selection, scope, &mut None)?),
        None => Vec::new(),
    };
    let mut rows = choose(table, 0, &conditions).rows(work, table, &[]).await?;
    rows.retain(|(_, row)| conditions.iter().all(|condition| condition.is_true(row)));
    Ok(rows)
}

/// UPDATE; how many rows.
pub(crate) async fn update(work: &mut Work<'_>, catalog: &Catalog, update: &Update) -> Result<u64> {
    if update.from.is_some() || update.returning.is_some() || update.limit.is_some() {
        return sql(format!("not supported: {update}"));
    }
    let (table, scope) = only_table(catalog, std::slice::from_ref(&update.table))?;
    let mut assignments = Vec::new();
    for assignment in &update.assignments {
        let AssignmentTarget::ColumnName(name) = &assignment.target else {
            return sql(format!("not supported: {update}"));
        };
        let value = expression_of(&assignment.value, &scope, &mut None)?;
        assignments.push((table.need(&object(name)?)?, value));
    }
    let old = matching(work, &table, &scope, update.selection.as_ref()).await?;
    let mut new = Vec::new();
    for (place, row) in &old {
        remove_row(work, *place).await?;
        let mut changed = row.clone();
        for (n, value) in &assignments {
            if let Some(place) = changed.get_mut(*n) {
                *place = table.convert(*n, value.value(row));
            }
        }
        add_row(work, &table, &changed).await?;
        new.push(changed);
    }
    for ((_, old), new) in old.iter().zip(&new) {
        check_references(work, catalog, &table, new).await?;
        check_referred(work, catalog, &table, old).await?;
    }
    Ok(old.len() as u64)
}

/// DELETE; how many rows.
pub(crate) async fn delete(work: &mut Work<'_>, catalog: &Catalog, delete: &Delete) -> Result<u64> {
    if delete.using.is_some() || delete.returning.is_some() || delete.limit.is_some() {
        return sql(format!("not supported: {delete}"));
    }
    let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
    let (table, scope) = only_table(catalog, tables)?;
    let old = matching(work, &table, &scope, delete.selection.as_ref()).await?;
    for (place, _) in &old {
        remove_row(work, *place).await?;
    }
    for (_, row) in &old {
        check_referred(work, catalog, &table, row).await?;
    }
    Ok(old.len() as u64)
}

/// Marks a version as gone: takes the row's lock, and deletes it unless the transaction fails.
async fn remove_row(work: &mut Work<'_>, place: Place) -> Result<()> {
    if let Some(version) = work.version(place).await?
        && work.is_live(version.made, version.gone).await?
    {
        work.delete_row(place).await?;
    }
    Ok(())
}

/// Puts a row in, and its keys into all indexes.
pub(crate) async fn add_row(work: &mut Work<'_>, table: &Table, row: &[Value]) -> Result<()> {
    for (column, value) in table.columns.iter().zip(row) {
        if column.is_not_null && value.is_null() {
            let (table, column) = (&table.name, &column.name);
            return Err(Error::Constraint(format!("NOT NULL constraint failed: {table}.{column}")));
        }
    }
    for index in table.indexes.iter().filter(|index| index.is_unique) {
        let key: Vec<Value> = values_of(&index.columns, row);
        if !key.iter().any(Value::is_null) && is_there(work, table, &index.columns, &key).await? {
            let names = index.columns.iter().filter_map(|&n| table.columns.get(n));
            let names: Vec<String> =
                names.map(|column| format!("{}.{}", table.name, column.name)).collect();
            let names = names.join(", ");
            return Err(Error::Constraint(format!("UNIQUE constraint failed: {names}")));
        }
    }
    let place = work.insert_row(table.heap, row).await?;
    for index in &table.indexes {
        let key = encode_key(&values_of(&index.columns, row));
        work.insert_entry(index.root, &key, place).await?;
    }
    Ok(())
}

/// The values of some columns.
pub(crate) fn values_of(columns: &[usize], row: &[Value]) -> Vec<Value> {
    columns.iter().map(|&n| row.get(n).cloned().unwrap_or(Value::Null)).collect()
}

/// Whether a row with these values in these columns is there for all who come.
async fn is_there(
    work: &mut Work<'_>,
    table: &Table,
    columns: &[usize],
    values: &[Value],
) -> Result<bool> {
    let equal = |(&column, value): (&usize, &Value)| {
        let (column, value) = (Expression::Column(column), Expression::Constant(value.clone()));
        Expression::Binary(Operator::Equal, Box::new(column), Box::new(value))
    };
    let conditions: Vec<Expression> = columns.iter().zip(values).map(equal).collect();
    let path = choose(table, 0, &conditions);
    for (_, version) in path.candidates(work, table, &[]).await? {
        if conditions.iter().all(|condition| condition.is_true(&version.row))
            && work.is_live(version.made, version.gone).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn foreign_key_failed<T>() -> Result<T> {
    Err(Error::Constraint("FOREIGN KEY constraint failed".to_owned()))
}

/// What a row refers to must be there.
async fn check_references(
    work: &mut Work<'_>,
    catalog: &Catalog,
    table: &Table,
    row: &[Value],
) -> Result<()> {
    for foreign in &table.foreign {
        let values = values_of(&foreign.columns, row);
        if values.iter().any(Value::is_null) {
            continue;
        }
        let parent = catalog.table(&foreign.table)?;
        if !is_there(work, parent, &referred(foreign, parent)?, &values).await? {
            return foreign_key_failed();
        }
    }
    Ok(())
}

/// A row that is gone must not be referred to any more.
async fn check_referred(
    work: &mut Work<'_>,
    catalog: &Catalog,
    table: &Table,
    row: &[Value],
) -> Result<()> {
    for (child, foreign) in catalog.referring(&table.name) {
        let columns = referred(&foreign, table)?;
        let values = values_of(&columns, row);
        if values.iter().any(Value::is_null) || is_there(work, table, &columns, &values).await? {
            continue;
        }
        if is_there(work, &child, &foreign.columns, &values).await? {
            return foreign_key_failed();
        }
    }
    Ok(())
}
