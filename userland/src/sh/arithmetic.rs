//! `$((…))`: C's integers of 64 bits, without `++`, `--` and the comma (XCU 2.6.4; what dash has).
//!
//! One function climbs all binary operators by their precedence. Values are computed while the text is read; where
//! C would not evaluate an operand, it is read with `is_skipped`, and changes nothing.

/// Where names get their values from, and where assignments go.
pub trait Variables {
    /// A variable's value; `None` if it is not set.
    fn get(&self, name: &str) -> Option<String>;

    /// Sets a variable.
    ///
    /// # Errors
    /// Why it cannot be set.
    fn set(&mut self, name: &str, value: i64) -> Result<(), String>;
}

/// How deep parentheses may be nested.
const DEEPEST: u32 = 100;

/// Binary operators with their precedence in C; longer ones first.
const BINARY: [(&str, u8); 18] = [
    ("||", 1),
    ("&&", 2),
    ("==", 6),
    ("!=", 6),
    ("<<", 8),
    (">>", 8),
    ("<=", 7),
    (">=", 7),
    ("<", 7),
    (">", 7),
    ("|", 3),
    ("^", 4),
    ("&", 5),
    ("+", 9),
    ("-", 9),
    ("*", 10),
    ("/", 10),
    ("%", 10),
];

const ASSIGNING: [&str; 11] = ["<<=", ">>=", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "="];

struct Reader<'a> {
    text: &'a str,
    at: usize,
    variables: &'a mut dyn Variables,
    depth: u32,
}

/// The value of an expression; that of an empty one is 0.
///
/// # Errors
/// What is wrong with it, in dash's words.
pub fn evaluate(text: &str, variables: &mut dyn Variables) -> Result<i64, String> {
    let mut reader = Reader { text, at: 0, variables, depth: 0 };
    reader.skip_space();
    if reader.rest().is_empty() {
        return Ok(0);
    }
    let value = reader.assignment(false)?;
    if reader.rest().is_empty() { Ok(value) } else { Err(reader.wrong("expecting EOF")) }
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn wrong(&self, message: &str) -> String {
        format!("arithmetic expression: {message}: \"{}\"", self.text)
    }

    /// Goes past an operator and the space behind it.
    fn eat(&mut self, operator: &str) -> bool {
        let stands = self.rest().starts_with(operator);
        if stands {
            self.at += operator.len();
            self.skip_space();
        }
        stands
    }

    fn name_length(&self) -> usize {
        let rest = self.rest().as_bytes();
        let is_name = |c: &u8| c.is_ascii_alphanumeric() || *c == b'_';
        if rest.first().is_none_or(u8::is_ascii_digit) {
            return 0;
        }
        rest.iter().take_while(|c| is_name(c)).count()
    }

    /// `name = expression`, or what binds tighter.
    fn assignment(&mut self, is_skipped: bool) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("too deeply nested"));
        }
        let start = self.at;
        let length = self.name_length();
        if length > 0 {
            let name = self.rest()[..length].to_owned();
            self.at += length;
            self.skip_space();
            let is_comparison = self.rest().starts_with("==");
            let operator = ASSIGNING.into_iter().find(|sign| !is_comparison && self.eat(sign));
            if let Some(operator) = operator {
                let mut value = self.assignment(is_skipped)?;
                if let Some(binary) = operator.strip_suffix('=').filter(|sign| !sign.is_empty()) {
                    let old = if is_skipped { 0 } else { self.value_of(&name)? };
                    value = if is_skipped { 0 } else { self.apply(binary, old, value)? };
                }
                if !is_skipped {
                    self.variables.set(&name, value)?;
                }
                self.depth -= 1;
                return Ok(value);
            }
            self.at = start;
        }
        let condition = self.binary(1, is_skipped)?;
        let value = if self.eat("?") {
            let is_true = condition != 0;
            let yes = self.assignment(is_skipped || !is_true)?;
            if !self.eat(":") {
                return Err(self.wrong("expecting ':'"));
            }
            let no = self.assignment(is_skipped || is_true)?;
            if is_true { yes } else { no }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(value)
    }

    /// Operators that bind at least this tight.
    fn binary(&mut self, lowest: u8, is_skipped: bool) -> Result<i64, String> {
        let mut left = self.unary(is_skipped)?;
        loop {
            let rest = self.rest();
            let found = BINARY.iter().find(|(sign, _)| rest.starts_with(sign));
            let Some(&(sign, precedence)) = found else { return Ok(left) };
            if precedence < lowest {
                return Ok(left);
            }
            self.eat(sign);
            let decided = sign == "||" && left != 0 || sign == "&&" && left == 0;
            let right = self.binary(precedence + 1, is_skipped || decided)?;
            left = match sign {
                "||" => i64::from(left != 0 || right != 0),
                "&&" => i64::from(left != 0 && right != 0),
                _ if is_skipped => 0,
                _ => self.apply(sign, left, right)?,
            };
        }
    }

    fn apply(&self, sign: &str, left: i64, right: i64) -> Result<i64, String> {
        // As on the machines that C programs run on: sums wrap round, and shifts take the count modulo 64.
        Ok(match sign {
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 => return Err(self.wrong("division by zero")),
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            "<<" => left.wrapping_shl(right as u32),
            ">>" => left.wrapping_shr(right as u32),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "&" => left & right,
            "^" => left ^ right,
            _ => left | right,
        })
    }

    fn unary(&mut self, is_skipped: bool) -> Result<i64, String> {
        let mut signs = Vec::new();
        while let Some(sign) = self.rest().chars().next().filter(|c| "+-!~".contains(*c)) {
            self.eat(&sign.to_string());
            signs.push(sign);
        }
        let mut value = self.primary(is_skipped)?;
        for sign in signs.into_iter().rev() {
            value = match sign {
                '-' => value.wrapping_neg(),
                '!' => i64::from(value == 0),
                '~' => !value,
                _ => value,
            };
        }
        Ok(value)
    }

    fn primary(&mut self, is_skipped: bool) -> Result<i64, String> {
        if self.eat("(") {
            let value = self.assignment(is_skipped)?;
            return if self.eat(")") { Ok(value) } else { Err(self.wrong("expecting ')'")) };
        }
        let length = self.name_length();
        if length > 0 {
            let name = self.rest()[..length].to_owned();
            self.at += length;
            self.skip_space();
            return if is_skipped { Ok(0) } else { self.value_of(&name) };
        }
        let Some((value, length)) = number(self.rest()) else {
            return Err(self.wrong("expecting primary"));
        };
        self.at += length;
        self.skip_space();
        Ok(value)
    }

    /// A variable's value must be a number itself; one that is not set, or is empty, is 0.
    fn value_of(&self, name: &str) -> Result<i64, String> {
        let text = self.variables.get(name).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            return Ok(0);
        }
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        match number(digits) {
            Some((value, length)) if length == digits.len() => Ok(value.wrapping_mul(sign)),
            _ => Err(format!("Illegal number: {text}")),
        }
    }
}

/// A constant as in C, decimal, octal or hexadecimal, and its length. What is too large is the largest.
fn number(text: &str) -> Option<(i64, usize)> {
    let (base, start) = match text.as_bytes() {
        [b'0', b'x' | b'X', digit, ..] if digit.is_ascii_hexdigit() => (16, 2),
        [b'0', ..] => (8, 0),
        [b'1'..=b'9', ..] => (10, 0),
        _ => return None,
    };
    let digits = text[start..].chars().take_while(|c| c.is_digit(base)).count();
    let value = i64::from_str_radix(&text[start..start + digits], base).unwrap_or(i64::MAX);
    Some((value, start + digits))
}

#[cfg(test)]
mod tests {
    use super::{Variables, evaluate};
    use std::collections::BTreeMap;

    impl Variables for BTreeMap<String, String> {
        fn get(&self, name: &str) -> Option<String> {
            BTreeMap::get(self, name).cloned()
        }
        fn set(&mut self, name: &str, value: i64) -> Result<(), String> {
            self.insert(name.to_owned(), value.to_string());
            Ok(())
        }
    }

    fn value(text: &str) -> Result<i64, String> {
        let mut variables = BTreeMap::from([("x".to_owned(), "7".to_owned())]);
        evaluate(text, &mut variables)
    }

    #[test]
    fn operators_bind_as_in_c() {
        for (text, expected) in [
            ("1+2*3", 7),
            ("(1+2)*3", 9),
            ("10-3-2", 5),
            ("1<<3|1", 9),
            ("7&3^1", 2),
            ("-3/2", -1),
            ("-7%3", -1),
            ("!0+1", 2),
            ("~0", -1),
            ("1?2:3?4:5", 2),
            ("0?2:0?4:5", 5),
            ("x*2", 14),
            ("0x1F+010", 39),
            ("3>2==1", 1),
            ("1||1/0", 1),
            ("0&&1/0", 0),
            ("y=5", 5),
            ("x+=3", 10),
            ("9223372036854775807+1", i64::MIN),
            ("", 0),
            (" - 4 ", -4),
        ] {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_says_why() {
        let message = |text| value(text).expect_err("wrong");
        assert_eq!(message("1/0"), "arithmetic expression: division by zero: \"1/0\"");
        assert_eq!(message("1+"), "arithmetic expression: expecting primary: \"1+\"");
        assert_eq!(message("08"), "arithmetic expression: expecting EOF: \"08\"");
        assert_eq!(message("1,2"), "arithmetic expression: expecting EOF: \"1,2\"");
        assert_eq!(message("(1"), "arithmetic expression: expecting ')': \"(1\"");
        assert!(message(&"(".repeat(5000)).contains("too deeply nested"));
    }
}
