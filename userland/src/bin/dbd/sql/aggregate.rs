//! What is computed from many rows: COUNT, SUM, AVG, MIN, MAX.

use super::super::store::error::{Error, Result};
use super::super::store::value::{Value, encode_key};
use super::expression::{Expression, Operator, arithmetic};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Count,
    Sum,
    Average,
    Least,
    Greatest,
}

/// One aggregate of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Aggregate {
    kind: Kind,
    /// Of what; COUNT(*) is of nothing.
    of: Option<Expression>,
    is_distinct: bool,
}

/// The aggregates of a statement, as they are found in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gather {
    pub(crate) aggregates: Vec<Aggregate>,
}

impl Gather {
    /// Adds one; which it is.
    pub(crate) fn add(&mut self, aggregate: Aggregate) -> usize {
        self.aggregates.push(aggregate);
        self.aggregates.len() - 1
    }
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "count" => Kind::Count,
        "sum" => Kind::Sum,
        "avg" => Kind::Average,
        "min" => Kind::Least,
        "max" => Kind::Greatest,
        _ => return None,
    })
}

impl Aggregate {
    /// Whether a function of this name is one.
    pub(crate) fn is_one(name: &str) -> bool {
        kind(name).is_some()
    }

    pub(crate) fn new(name: &str, of: Option<Expression>, is_distinct: bool) -> Result<Self> {
        let kind = kind(name).ok_or_else(|| Error::Sql(format!("no such function: {name}")))?;
        Ok(Self { kind, of, is_distinct })
    }

    /// Its value over the rows of a group. NULLs do not count.
    pub(crate) fn over(&self, rows: &[Vec<Value>]) -> Value {
        let Some(of) = &self.of else { return Value::Integer(rows.len() as i64) };
        let values = rows.iter().map(|row| of.value(row)).filter(|value| !value.is_null());
        let mut seen = BTreeSet::new();
        let values: Vec<Value> = values
            .filter(|value| {
                !self.is_distinct || seen.insert(encode_key(std::slice::from_ref(value)))
            })
            .collect();
        let count = values.len();
        let sum = |values: Vec<Value>| {
            let add = |a, b| arithmetic(Operator::Add, a, b);
            values.into_iter().reduce(add).unwrap_or(Value::Null)
        };
        match self.kind {
            Kind::Count => Value::Integer(count as i64),
            Kind::Sum => sum(values),
            Kind::Average => {
                let real = arithmetic(Operator::Multiply, sum(values), Value::Real(1.0));
                arithmetic(Operator::Divide, real, Value::Integer(count as i64))
            }
            Kind::Least => values.into_iter().min_by(Value::order).unwrap_or(Value::Null),
            Kind::Greatest => values.into_iter().max_by(Value::order).unwrap_or(Value::Null),
        }
    }
}
