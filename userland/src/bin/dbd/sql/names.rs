//! From the parser's trees to expressions: whose column is meant.

use super::super::store::error::{Error, Result, sql};
use super::super::store::value::Value;
use super::aggregate::{Aggregate, Gather};
use super::catalog::Table;
use super::expression::{Expression, Function, Operator};
use sqlparser::ast::{
    BinaryOperator, DuplicateTreatment, Expr, FunctionArg, FunctionArgExpr, FunctionArguments,
    Ident, InTarget, ObjectName, UnaryOperator, Value as Literal,
};
use std::sync::Arc;

/// A name; SQL does not tell capitals from small letters unless they are quoted.
pub(crate) fn ident(name: &Ident) -> String {
    match name.quote_style {
        None => name.value.to_ascii_lowercase(),
        Some(_) => name.value.clone(),
    }
}

/// The last part of a name with points in it.
pub(crate) fn object(name: &ObjectName) -> Result<String> {
    match name.0.as_slice() {
        [part] => part.as_ident().map(ident),
        _ => None,
    }
    .ok_or_else(|| Error::Sql(format!("not supported: the name {name}")))
}

/// The tables whose columns may be named, with where their columns begin in a joined row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) tables: Vec<(String, Arc<Table>, usize)>,
}

impl Scope {
    /// How many columns a joined row has.
    pub(crate) fn width(&self) -> usize {
        self.tables.last().map_or(0, |(_, table, start)| start + table.columns.len())
    }

    /// One more table.
    pub(crate) fn add(&mut self, alias: String, table: &Arc<Table>) -> Result<()> {
        if self.tables.iter().any(|(name, ..)| *name == alias) {
            return sql(format!("the name {alias} is used twice"));
        }
        let start = self.width();
        self.tables.push((alias, Arc::clone(table), start));
        Ok(())
    }

    fn column(&self, of: Option<&str>, name: &str) -> Result<usize> {
        let of_table = |alias: &str| of.is_none_or(|of| of == alias);
        let mut found = self
            .tables
            .iter()
            .filter(|(alias, ..)| of_table(alias))
            .filter_map(|(_, table, start)| table.column(name).map(|n| start + n));
        match (found.next(), found.next()) {
            (Some(column), None) => Ok(column),
            (Some(_), Some(_)) => sql(format!("ambiguous column name: {name}")),
            (None, _) => sql(format!("no such column: {name}")),
        }
    }
}

/// The value of an expression without columns.
pub(crate) fn constant(expression: &Expr) -> Result<Value> {
    Ok(expression_of(expression, &Scope::default(), &mut None)?.value(&[]))
}

fn literal(value: &Literal) -> Result<Value> {
    Ok(match value {
        Literal::Number(digits, _) => match (digits.parse::<i64>(), digits.parse::<f64>()) {
            (Ok(n), _) => Value::Integer(n),
            (_, Ok(n)) => Value::Real(n),
            _ => return sql(format!("not a number: {digits}")),
        },
        Literal::SingleQuotedString(text) => Value::Text(text.clone()),
        Literal::Boolean(truth) => Value::Integer(i64::from(*truth)),
        Literal::Null => Value::Null,
        other => return sql(format!("not supported: {other}")),
    })
}

fn operator(operator: &BinaryOperator) -> Result<Operator> {
    Ok(match operator {
        BinaryOperator::Plus => Operator::Add,
        BinaryOperator::Minus => Operator::Subtract,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Modulo,
        BinaryOperator::StringConcat => Operator::Concatenate,
        BinaryOperator::Eq => Operator::Equal,
        BinaryOperator::NotEq => Operator::NotEqual,
        BinaryOperator::Lt => Operator::Less,
        BinaryOperator::LtEq => Operator::LessOrEqual,
        BinaryOperator::Gt => Operator::Greater,
        BinaryOperator::GtEq => Operator::GreaterOrEqual,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
        other => return sql(format!("not supported: {other}")),
    })
}

/// An expression over a scope. Aggregates are allowed where there is something to gather them in.
pub(crate) fn expression_of(
    expression: &Expr,
    scope: &Scope,
    gather: &mut Option<&mut Gather>,
) -> Result<Expression> {
    let mut boxed = |expression: &Expr| expression_of(expression, scope, gather).map(Box::new);
    let negate = |negated: bool, expression: Expression| match negated {
        true => Expression::Not(Box::new(expression)),
        false => expression,
    };
    Ok(match expression {
        Expr::Identifier(name) => Expression::Column(scope.column(None, &ident(name))?),
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [table, name] => Expression::Column(scope.column(Some(&ident(table)), &ident(name))?),
            _ => return sql(format!("not supported: {expression}")),
        },
        Expr::Nested(inner) => return expression_of(inner, scope, gather),
        Expr::Value(value) => Expression::Constant(literal(&value.value)?),
        Expr::IsNull(of) => Expression::IsNull(boxed(of)?),
        Expr::IsNotNull(of) => negate(true, Expression::IsNull(boxed(of)?)),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => Expression::Not(boxed(expr)?),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => Expression::Negative(boxed(expr)?),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } => {
            return expression_of(expr, scope, gather);
        }
        Expr::BinaryOp { left, op, right } => {
            Expression::Binary(operator(op)?, boxed(left)?, boxed(right)?)
        }
        Expr::Between { expr, negated, low, high } => {
            let at_least = Operator::GreaterOrEqual;
            let low = Expression::Binary(at_least, boxed(expr)?, boxed(low)?);
            let high = Expression::Binary(Operator::LessOrEqual, boxed(expr)?, boxed(high)?);
            negate(*negated, Expression::Binary(Operator::And, Box::new(low), Box::new(high)))
        }
        Expr::In { expr, target: InTarget::List(list), negated, .. } => {
            let of = boxed(expr)?;
            let list: Result<_> =
                list.iter().map(|item| expression_of(item, scope, gather)).collect();
            negate(*negated, Expression::In(of, list?))
        }
        Expr::Like { negated, expr, pattern, escape_char: None, any: false } => {
            negate(*negated, Expression::Like(boxed(expr)?, boxed(pattern)?))
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let mut cases = Vec::new();
            for case in conditions {
                let mut when = *boxed(&case.condition)?;
                if let Some(operand) = operand {
                    when = Expression::Binary(Operator::Equal, boxed(operand)?, Box::new(when));
                }
                cases.push((when, *boxed(&case.result)?));
            }
            let null = || Box::new(Expression::Constant(Value::Null));
            let otherwise = else_result.as_ref().map(|otherwise| boxed(otherwise));
            Expression::Case(cases, otherwise.transpose()?.unwrap_or_else(null))
        }
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let mut arguments = vec![*boxed(expr)?];
            for argument in [substring_from, substring_for].into_iter().flatten() {
                arguments.push(*boxed(argument)?);
            }
            Expression::Call(Function::Substring, arguments)
        }
        Expr::Function(function) => return call(function, scope, gather),
        other => return sql(format!("not supported: {other}")),
    })
}

fn call(
    function: &sqlparser::ast::Function,
    scope: &Scope,
    gather: &mut Option<&mut Gather>,
) -> Result<Expression> {
    let name = object(&function.name)?;
    let FunctionArguments::List(list) = &function.args else {
        return sql(format!("not supported: {function}"));
    };
    if function.over.is_some() || function.filter.is_some() || !list.clauses.is_empty() {
        return sql(format!("not supported: {function}"));
    }
    let is_distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    let is_aggregate = Aggregate::is_one(&name) && list.args.len() == 1;
    let mut arguments = Vec::new();
    for argument in &list.args {
        arguments.push(match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => {
                // No aggregates inside of aggregates.
                let inner = if is_aggregate { &mut None } else { &mut *gather };
                Some(expression_of(argument, scope, inner)?)
            }
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => None,
            _ => return sql(format!("not supported: {function}")),
        });
    }
    if is_aggregate {
        let Some(gather) = gather else {
            return sql(format!("misuse of aggregate function {name}()"));
        };
        let of = arguments.into_iter().next().flatten();
        let n = gather.add(Aggregate::new(&name, of, is_distinct)?);
        return Ok(Expression::Column(scope.width() + n));
    }
    let found = Function::by_name(&name).filter(|_| !is_distinct);
    let function = found.ok_or_else(|| Error::Sql(format!("no such function: {name}")))?;
    let arguments: Option<Vec<Expression>> = arguments.into_iter().collect();
    let arguments = arguments.filter(|arguments| !arguments.is_empty());
    let arguments =
        arguments.ok_or_else(|| Error::Sql(format!("wrong number of arguments: {name}()")))?;
    Ok(Expression::Call(function, arguments))
}
