//! What tables there are, as rows of a table that every database has: kind, name, table, first page, description.

use super::super::store::error::{Error, Result, sql};
use super::super::store::value::Value;
use super::super::store::work::{CATALOG, Work};
use super::names;
use sqlparser::ast::{
    ColumnOption, CreateTable, DataType, ForeignKeyConstraint, IndexColumn, Statement,
    TableConstraint,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a column makes of values that are put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Real,
    Text,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) affinity: Affinity,
    pub(crate) is_not_null: bool,
    pub(crate) default: Value,
}

/// An index.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) root: u32,
    pub(crate) columns: Vec<usize>,
    pub(crate) is_unique: bool,
}

/// Columns whose values must be those of another table's row.
#[derive(Clone, Debug)]
pub(crate) struct Foreign {
    pub(crate) columns: Vec<usize>,
    pub(crate) table: String,
    /// Names; none means the other table's primary key.
    pub(crate) referred: Vec<String>,
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) heap: u32,
    pub(crate) columns: Vec<Column>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) foreign: Vec<Foreign>,
    /// The columns of the primary key.
    pub(crate) primary: Vec<usize>,
    /// Lists of columns whose values are unique, the primary key first.
    pub(crate) unique: Vec<(String, Vec<usize>)>,
}

impl Table {
    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The same, or an error.
    pub(crate) fn need(&self, name: &str) -> Result<usize> {
        self.column(name).ok_or_else(|| Error::Sql(format!("no such column: {name}")))
    }

    /// What a column makes of a value.
    pub(crate) fn convert(&self, n: usize, value: Value) -> Value {
        let Some(column) = self.columns.get(n) else { return value };
        match (column.affinity, value) {
            (Affinity::Text, value @ (Value::Integer(_) | Value::Real(_))) => {
                Value::Text(value.to_string())
            }
            (Affinity::Real, Value::Integer(n)) => Value::Real(n as f64),
            (Affinity::Integer, Value::Real(n)) if n.fract() == 0.0 && n.abs() < 9e15 => {
                Value::Integer(n as i64)
            }
            (Affinity::Integer | Affinity::Real, Value::Text(text)) => {
                match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
                    (Ok(n), _) if column.affinity == Affinity::Integer => Value::Integer(n),
                    (_, Ok(n)) => Value::Real(n),
                    _ => Value::Text(text),
                }
            }
            (_, value) => value,
        }
    }
}

/// All tables by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    tables: BTreeMap<String, Arc<Table>>,
}

impl Catalog {
    /// Reads it.
    pub(crate) async fn load(work: &mut Work<'_>) -> Result<Self> {
        let (mut tables, mut indexes) = (BTreeMap::new(), Vec::new());
        for (_, row) in work.scan(CATALOG).await? {
            let [
                Value::Text(kind),
                Value::Text(name),
                Value::Text(on),
                Value::Integer(page),
                Value::Text(text),
            ] = row.as_slice()
            else {
                return Err(Error::Corrupt("the catalog"));
            };
            let page = u32::try_from(*page).map_err(|_| Error::Corrupt("the catalog"))?;
            if kind == "table" {
                let Statement::CreateTable(create) = super::session::parse(text)? else {
                    return Err(Error::Corrupt("the catalog"));
                };
                tables.insert(name.clone(), Table { heap: page, ..describe(&create)? });
            } else {
                indexes.push((name.clone(), on.clone(), page, text.clone()));
            }
        }
        for (name, on, root, text) in indexes {
            let table = tables.get_mut(&on).ok_or(Error::Corrupt("an index without a table"))?;
            let (kind, columns) = text.split_once(' ').unwrap_or_default();
            let columns: Result<Vec<usize>> =
                columns.split(',').map(|column| table.need(column)).collect();
            let index = Index { name, root, columns: columns?, is_unique: kind == "unique" };
            table.indexes.push(index);
        }
        let tables = tables.into_iter().map(|(name, table)| (name, Arc::new(table)));
        Ok(Self { tables: tables.collect() })
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }

    /// A table, if there is one of that name.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    /// The same, or an error.
    pub(crate) fn table(&self, name: &str) -> Result<&Arc<Table>> {
        self.find(name).ok_or_else(|| Error::Sql(format!("no such table: {name}")))
    }

    /// The name of the table that an index is on.
    pub(crate) fn table_of_index(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.values().find(|table| table.indexes.iter().any(|index| index.name == name))
    }

    /// What refers to a table: the tables, and how.
    pub(crate) fn referring(&self, to: &str) -> Vec<(Arc<Table>, Foreign)> {
        let all = self.tables.values().flat_map(|table| {
            table.foreign.iter().map(|foreign| (Arc::clone(table), foreign.clone()))
        });
        all.filter(|(_, foreign)| foreign.table == to).collect()
    }
}

/// The columns that a foreign key refers to.
pub(crate) fn referred(foreign: &Foreign, table: &Table) -> Result<Vec<usize>> {
    if foreign.referred.is_empty() {
        return Ok(table.primary.clone());
    }
    foreign.referred.iter().map(|name| table.need(name)).collect()
}

fn affinity(kind: &DataType) -> Affinity {
    // SQLite's rules: what the type's name contains.
    let name = kind.to_string().to_ascii_uppercase();
    let has = |part: &str| name.contains(part);
    if has("INT") {
        Affinity::Integer
    } else if has("CHAR") || has("TEXT") || has("CLOB") {
        Affinity::Text
    } else {
        Affinity::Real
    }
}

/// The table that a statement describes, without pages.
pub(crate) fn describe(create: &CreateTable) -> Result<Table> {
    let mut table = Table {
        name: names::object(&create.name)?,
        heap: 0,
        columns: Vec::new(),
        indexes: Vec::new(),
        foreign: Vec::new(),
        primary: Vec::new(),
        unique: Vec::new(),
    };
    for (n, definition) in create.columns.iter().enumerate() {
        let name = names::ident(&definition.name);
        if table.column(&name).is_some() {
            return sql(format!("duplicate column name: {name}"));
        }
        let affinity = affinity(&definition.data_type);
        table.columns.push(Column { name, affinity, is_not_null: false, default: Value::Null });
        for option in &definition.options {
            column_option(&mut table, n, &option.option)?;
        }
    }
    for constraint in &create.constraints {
        match constraint {
            TableConstraint::PrimaryKey(key) => {
                table.primary = key_columns(&table, &key.columns)?;
            }
            TableConstraint::Unique(key) => {
                let columns = key_columns(&table, &key.columns)?;
                add_unique(&mut table, columns);
            }
            TableConstraint::ForeignKey(key) => {
                let columns = key.columns.iter().map(|name| table.need(&names::ident(name)));
                let columns = columns.collect::<Result<_>>()?;
                add_foreign(&mut table, columns, key)?;
            }
            other => return sql(format!("not supported: {other}")),
        }
    }
    if !table.primary.is_empty() {
        for &n in &table.primary {
            table.columns[n].is_not_null = true;
        }
        table.unique.insert(0, (format!("{}_pkey", table.name), table.primary.clone()));
    }
    Ok(table)
}

fn column_option(table: &mut Table, n: usize, option: &ColumnOption) -> Result<()> {
    match option {
        ColumnOption::Null => {}
        ColumnOption::NotNull => table.columns[n].is_not_null = true,
        ColumnOption::Default(expression) => {
            table.columns[n].default = names::constant(expression)?;
        }
        ColumnOption::PrimaryKey(_) => table.primary = vec![n],
        ColumnOption::Unique(_) => add_unique(table, vec![n]),
        ColumnOption::ForeignKey(key) => add_foreign(table, vec![n], key)?,
        other => return sql(format!("not supported: {other}")),
    }
    Ok(())
}

fn add_unique(table: &mut Table, columns: Vec<usize>) {
    let names: Vec<&str> = columns.iter().map(|&n| table.columns[n].name.as_str()).collect();
    let name = format!("{}_{}_key", table.name, names.join("_"));
    table.unique.push((name, columns));
}

fn add_foreign(table: &mut Table, columns: Vec<usize>, key: &ForeignKeyConstraint) -> Result<()> {
    if key.on_delete.is_some() || key.on_update.is_some() {
        return sql("not supported: ON DELETE and ON UPDATE of foreign keys");
    }
    let referred = key.referred_columns.iter().map(names::ident).collect();
    table.foreign.push(Foreign { columns, table: names::object(&key.foreign_table)?, referred });
    Ok(())
}

/// The places of the columns of a key.
pub(crate) fn key_columns(table: &Table, columns: &[IndexColumn]) -> Result<Vec<usize>> {
    let column = |column: &IndexColumn| match &column.column.expr {
        sqlparser::ast::Expr::Identifier(name) => table.need(&names::ident(name)),
        other => sql(format!("not supported: an index on {other}")),
    };
    columns.iter().map(column).collect()
}
