//! What is computed from a row.

use crate::bin::dbd::store::value::Value;
use std::cmp::Ordering;

/// An expression whose columns are places in a row.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Constant(Value),
    Column(usize),
    Not(Box<Self>),
    Negative(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    IsNull(Box<Self>),
    In(Box<Self>, Vec<Self>),
    Like(Box<Self>, Box<Self>),
    /// Conditions with their results, then what else.
    Case(Vec<(Self, Self)>, Box<Self>),
    Call(Function, Vec<Self>),
}

/// An operator between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Concatenate,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

/// A function of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Abs,
    Coalesce,
    Length,
    Lower,
    Substring,
    Upper,
}

impl Function {
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "abs" => Self::Abs,
            "coalesce" | "ifnull" => Self::Coalesce,
            "length" => Self::Length,
            "lower" => Self::Lower,
            "substr" | "substring" => Self::Substring,
            "upper" => Self::Upper,
            _ => return None,
        })
    }
}

/// True, false, or unknown.
pub(crate) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Null => None,
        Value::Integer(n) => Some(*n != 0),
        Value::Real(n) => Some(*n != 0.0),
        Value::Text(text) => Some(number(text).0 != 0.0),
    }
}

fn boolean(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, |truth| Value::Integer(i64::from(truth)))
}

/// The number at the beginning of a text; as an integer too if it is one.
fn number(text: &str) -> (f64, Option<i64>) {
    let text = text.trim_start();
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let mut end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    while end > 0 {
        if let Ok(integer) = text[..end].parse::<i64>() {
            return (integer as f64, Some(integer));
        }
        if let Ok(real) = text[..end].parse::<f64>() {
            return (real, None);
        }
        end -= 1;
    }
    (0.0, Some(0))
}

/// A value as a number; text counts as the number it begins with.
fn numeric(value: Value) -> Value {
    match value {
        Value::Text(text) => match number(&text) {
            (_, Some(integer)) => Value::Integer(integer),
            (real, None) => Value::Real(real),
        },
        value => value,
    }
}

fn real(value: &Value) -> f64 {
    match value {
        Value::Integer(n) => *n as f64,
        Value::Real(n) => *n,
        Value::Text(text) => number(text).0,
        Value::Null => 0.0,
    }
}

impl Operator {
    /// Whether a comparison holds for two values in this order.
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            _ => false,
        }
    }

    /// The operator that says the same of the two sides exchanged, if this is a comparison.
    pub(crate) fn exchanged(self) -> Option<Self> {
        Some(match self {
            Self::Equal => Self::Equal,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            _ => return None,
        })
    }
}

/// Adds and so on: integers as long as they fit, reals otherwise; NULL of anything unknown or divided by zero.
pub(crate) fn arithmetic(operator: Operator, left: Value, right: Value) -> Value {
    let (left, right) = (numeric(left), numeric(right));
    if left.is_null() || right.is_null() {
        return Value::Null;
    }
    if operator == Operator::Modulo {
        let integer = |value: &Value| match value {
            Value::Integer(n) => *n,
            other => real(other) as i64,
        };
        return match integer(&right) {
            0 => Value::Null,
            divisor => Value::Integer(integer(&left).wrapping_rem(divisor)),
        };
    }
    if let (Value::Integer(a), Value::Integer(b)) = (&left, &right) {
        let exact = match operator {
            Operator::Add => a.checked_add(*b),
            Operator::Subtract => a.checked_sub(*b),
            Operator::Multiply => a.checked_mul(*b),
            _ if *b == 0 => return Value::Null,
            _ => a.checked_div(*b),
        };
        if let Some(exact) = exact {
            return Value::Integer(exact);
        }
    }
    let (a, b) = (real(&left), real(&right));
    match operator {
        Operator::Add => Value::Real(a + b),
        Operator::Subtract => Value::Real(a - b),
        Operator::Multiply => Value::Real(a * b),
        _ if b == 0.0 => Value::Null,
        _ => Value::Real(a / b),
    }
}

/// Whether a text fits a pattern of LIKE: `%` is any text, `_` any character, letters of ASCII in either case.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('%', rest)) => {
            // Several in a row say no more than one, and would take time without end.
            if rest.first() == Some(&'%') {
                return is_like(text, rest);
            }
            (0..=text.len()).any(|n| is_like(&text[n..], rest))
        }
        Some(('_', rest)) => !text.is_empty() && is_like(&text[1..], rest),
        Some((c, rest)) => text
            .split_first()
            .is_some_and(|(first, after)| first.eq_ignore_ascii_case(c) && is_like(after, rest)),
    }
}

impl Expression {
    /// The value for a row.
    pub(crate) fn value(&self, row: &[Value]) -> Value {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Column(n) => row.get(*n).cloned().unwrap_or(Value::Null),
            Self::Not(of) => boolean(truth(&of.value(row)).map(|truth| !truth)),
            Self::Negative(of) => arithmetic(Operator::Subtract, Value::Integer(0), of.value(row)),
            Self::IsNull(of) => boolean(Some(of.value(row).is_null())),
            Self::Binary(operator, left, right) => binary(*operator, left, right, row),
            Self::In(of, list) => {
                let of = of.value(row);
                let mut is_in = Some(false);
                for item in list {
                    let item = item.value(row);
                    if of.is_null() || item.is_null() {
                        is_in = None;
                    } else if of.order(&item).is_eq() {
                        return boolean(Some(true));
                    }
                }
                boolean(is_in)
            }
            Self::Like(of, pattern) => match (of.value(row), pattern.value(row)) {
                (Value::Null, _) | (_, Value::Null) => Value::Null,
                (text, pattern) => {
                    let chars = |value: Value| value.to_string().chars().collect::<Vec<_>>();
                    boolean(Some(is_like(&chars(text), &chars(pattern))))
                }
            },
            Self::Case(cases, otherwise) => {
                let case = cases.iter().find(|(when, _)| when.is_true(row));
                case.map_or(otherwise.as_ref(), |(_, then)| then).value(row)
            }
            Self::Call(function, arguments) => call(*function, arguments, row),
        }
    }

    /// Whether it holds for a row.
    pub(crate) fn is_true(&self, row: &[Value]) -> bool {
        truth(&self.value(row)) == Some(true)
    }

    /// The last column that it needs, plus one.
    pub(crate) fn needs(&self) -> usize {
        match self {
            Self::Constant(_) => 0,
            Self::Column(n) => n + 1,
            Self::Not(of) | Self::Negative(of) | Self::IsNull(of) => of.needs(),
            Self::Binary(_, left, right) | Self::Like(left, right) => {
                left.needs().max(right.needs())
            }
            Self::In(of, list) => list.iter().map(Self::needs).fold(of.needs(), usize::max),
            Self::Case(cases, otherwise) => cases
                .iter()
                .map(|(when, then)| when.needs().max(then.needs()))
                .fold(otherwise.needs(), usize::max),
            Self::Call(_, arguments) => arguments.iter().map(Self::needs).max().unwrap_or(0),
        }
    }
}

fn binary(operator: Operator, left: &Expression, right: &Expression, row: &[Value]) -> Value {
    let left = left.value(row);
    match operator {
        Operator::And => match (truth(&left), truth(&right.value(row))) {
            (Some(false), _) | (_, Some(false)) => boolean(Some(false)),
            (Some(true), Some(true)) => boolean(Some(true)),
            _ => Value::Null,
        },
        Operator::Or => match (truth(&left), truth(&right.value(row))) {
            (Some(true), _) | (_, Some(true)) => boolean(Some(true)),
            (Some(false), Some(false)) => boolean(Some(false)),
            _ => Value::Null,
        },
        Operator::Add
        | Operator::Subtract
        | Operator::Multiply
        | Operator::Divide
        | Operator::Modulo => arithmetic(operator, left, right.value(row)),
        Operator::Concatenate => match (left, right.value(row)) {
            (Value::Null, _) | (_, Value::Null) => Value::Null,
            (left, right) => Value::Text(format!("{left}{right}")),
        },
        _ => match (left, right.value(row)) {
            (Value::Null, _) | (_, Value::Null) => Value::Null,
            (left, right) => boolean(Some(operator.holds(left.order(&right)))),
        },
    }
}

fn call(function: Function, arguments: &[Expression], row: &[Value]) -> Value {
    let mut values = arguments.iter().map(|argument| argument.value(row));
    if function == Function::Coalesce {
        return values.find(|value| !value.is_null()).unwrap_or(Value::Null);
    }
    let Some(first) = values.next().filter(|value| !value.is_null()) else { return Value::Null };
    match function {
        Function::Abs => match numeric(first) {
            Value::Integer(n) => n.checked_abs().map_or(Value::Null, Value::Integer),
            other => Value::Real(real(&other).abs()),
        },
        Function::Length => Value::Integer(first.to_string().chars().count() as i64),
        Function::Lower => Value::Text(first.to_string().to_ascii_lowercase()),
        Function::Upper => Value::Text(first.to_string().to_ascii_uppercase()),
        Function::Substring => {
            let mut next = || values.next().map(|value| real(&value) as i64);
            let start = next().unwrap_or(1).max(1) as usize - 1;
            let length = next().map_or(usize::MAX, |length| length.max(0) as usize);
            Value::Text(first.to_string().chars().skip(start).take(length).collect())
        }
        Function::Coalesce => Value::Null,
    }
}
