//! CREATE and DROP: what there is, as rows of the catalog. They are part of the transaction like any change.

use super::super::store::error::{Result, sql};
use super::super::store::page::Kind;
use super::super::store::value::{Value, encode_key};
use super::super::store::work::{CATALOG, Work};
use super::catalog::{Catalog, Table, describe, key_columns};
use super::modify::values_of;
use super::names::object;
use sqlparser::ast::{CreateIndex, CreateTable, ObjectName, ObjectType};
use std::collections::BTreeSet;

/// Writes a line into the catalog.
async fn note(
    work: &mut Work<'_>,
    (kind, name, table): (&str, &str, &str),
    page: u32,
    description: &str,
) -> Result<()> {
    let text = |text: &str| Value::Text(text.to_owned());
    let page = Value::Integer(i64::from(page));
    let row = [text(kind), text(name), text(table), page, text(description)];
    work.insert_row(CATALOG, &row).await?;
    Ok(())
}

/// CREATE TABLE.
pub(crate) async fn create_table(
    work: &mut Work<'_>,
    catalog: &Catalog,
    create: &CreateTable,
) -> Result<()> {
    let mut table = describe(create)?;
    if catalog.find(&table.name).is_some() {
        return match create.if_not_exists {
            true => Ok(()),
            false => sql(format!("table {} already exists", table.name)),
        };
    }
    table.heap = work.allocate(Kind::Heap).await?;
    note(work, ("table", &table.name, &table.name), table.heap, &create.to_string()).await?;
    for (name, columns) in &table.unique {
        let root = work.make_tree().await?;
        note(work, ("index", name, &table.name), root, &description(&table, columns, true)).await?;
    }
    Ok(())
}

/// An index's columns as the catalog has them.
fn description(table: &Table, columns: &[usize], is_unique: bool) -> String {
    let names = columns.iter().filter_map(|&n| table.columns.get(n));
    let names: Vec<&str> = names.map(|column| column.name.as_str()).collect();
    format!("{} {}", if is_unique { "unique" } else { "plain" }, names.join(","))
}

/// CREATE INDEX: a tree of the keys of all versions of rows, those too that an older statement may still want.
pub(crate) async fn create_index(
    work: &mut Work<'_>,
    catalog: &Catalog,
    create: &CreateIndex,
) -> Result<()> {
    let Some(name) = &create.name else { return sql("an index needs a name") };
    let name = object(name)?;
    if catalog.table_of_index(&name).is_some() {
        return match create.if_not_exists {
            true => Ok(()),
            false => sql(format!("index {name} already exists")),
        };
    }
    if create.predicate.is_some() || !create.include.is_empty() {
        return sql(format!("not supported: {create}"));
    }
    let table = catalog.table(&object(&create.table_name)?)?;
    let columns = key_columns(table, &create.columns)?;
    let root = work.make_tree().await?;
    let (mut page, mut seen) = (table.heap, BTreeSet::new());
    while page != 0 {
        let (versions, next) = work.versions(page).await?;
        for (place, version) in versions {
            let values = values_of(&columns, &version.row);
            let key = encode_key(&values);
            let counts = create.unique && !values.iter().any(Value::is_null);
            if counts
                && work.is_live(version.made, version.gone).await?
                && !seen.insert(key.clone())
            {
                return sql(format!("the rows of {} are not unique", table.name));
            }
            work.insert_entry(root, &key, place).await?;
        }
        page = next;
    }
    let text = description(table, &columns, create.unique);
    note(work, ("index", &name, &table.name), root, &text).await
}

/// DROP TABLE and DROP INDEX. Their pages are not used again.
pub(crate) async fn drop(
    work: &mut Work<'_>,
    catalog: &Catalog,
    kind: ObjectType,
    names: &[ObjectName],
    may_be_missing: bool,
) -> Result<()> {
    for name in names {
        let name = object(name)?;
        let is_there = match kind {
            ObjectType::Table => catalog.find(&name).is_some(),
            ObjectType::Index => catalog.table_of_index(&name).is_some(),
            other => return sql(format!("not supported: DROP {other}")),
        };
        if !is_there {
            if may_be_missing {
                continue;
            }
            return sql(format!("no such {}: {name}", kind.to_string().to_lowercase()));
        }
        let is_table = kind == ObjectType::Table;
        let others = catalog.referring(&name).into_iter().any(|(table, _)| table.name != name);
        if is_table && others {
            return sql(format!("other tables refer to {name}"));
        }
        for (place, row) in work.scan(CATALOG).await? {
            let [Value::Text(kind), Value::Text(own), Value::Text(table), ..] = row.as_slice()
            else {
                continue;
            };
            if is_table && *table == name || !is_table && kind == "index" && *own == name {
                work.delete_row(place).await?;
            }
        }
    }
    Ok(())
}
