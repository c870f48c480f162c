//! Values, rows as bytes, and keys as bytes whose order is the order of the values.

use std::cmp::Ordering;
use std::fmt;

/// What stands in a column. The order is SQLite's: NULL, numbers, text.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Value {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The order of ORDER BY and of indexes, which puts NULL first. Comparisons in SQL look for NULL beforehand.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Integer(a), Self::Real(b)) => (*a as f64).total_cmp(b),
            (Self::Real(a), Self::Integer(b)) => a.total_cmp(&(*b as f64)),
            (Self::Real(a), Self::Real(b)) => a.total_cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Real(n) if n.is_finite() && n.fract() == 0.0 => write!(f, "{n:.1}"),
            Self::Real(n) => write!(f, "{n}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A row as it lies in a page: for each value a byte that says its kind, and what that kind needs.
pub(crate) fn encode_row(row: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in row {
        match value {
            Value::Null => bytes.push(0),
            Value::Integer(n) => {
                bytes.push(1);
                bytes.extend(n.to_le_bytes());
            }
            Value::Real(n) => {
                bytes.push(2);
                bytes.extend(n.to_bits().to_le_bytes());
            }
            Value::Text(text) => {
                bytes.push(3);
                bytes.extend((text.len() as u32).to_le_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    bytes
}

/// The row that lies in these bytes; `None` if they are none.
pub(crate) fn decode_row(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut row = Vec::new();
    while let Some((&kind, rest)) = bytes.split_first() {
        bytes = rest;
        let mut take = |n: usize| -> Option<&[u8]> {
            let (part, rest) = bytes.split_at_checked(n)?;
            bytes = rest;
            Some(part)
        };
        row.push(match kind {
            0 => Value::Null,
            1 => Value::Integer(i64::from_le_bytes(take(8)?.try_into().ok()?)),
            2 => Value::Real(f64::from_bits(u64::from_le_bytes(take(8)?.try_into().ok()?))),
            3 => {
                let length = u32::from_le_bytes(take(4)?.try_into().ok()?);
                Value::Text(String::from_utf8(take(length as usize)?.to_vec()).ok()?)
            }
            _ => return None,
        });
    }
    Some(row)
}

/// The bytes of a key: comparing them byte by byte compares the values.
pub(crate) fn encode_key(values: &[Value]) -> Vec<u8> {
    let mut key = Vec::new();
    for value in values {
        push_key(&mut key, value);
    }
    key
}

fn push_key(key: &mut Vec<u8>, value: &Value) {
    // The sign bit is turned, so that negative numbers come first; of negative reals all other bits are turned too.
    let real = |n: f64| {
        let bits = n.to_bits();
        if bits >> 63 == 1 { !bits } else { bits ^ 1 << 63 }
    };
    match value {
        Value::Null => key.push(0),
        // Integers and reals share one order; what is lost of a long integer stands behind it.
        Value::Integer(n) => {
            key.push(1);
            key.extend(real(*n as f64).to_be_bytes());
            key.extend((*n as u64 ^ 1 << 63).to_be_bytes());
        }
        Value::Real(n) => {
            key.push(1);
            key.extend(real(*n).to_be_bytes());
            key.extend((*n as i64 as u64 ^ 1 << 63).to_be_bytes());
        }
        // Ends with 0 0; a zero byte inside becomes 0 255.
        Value::Text(text) => {
            key.push(2);
            for byte in text.bytes() {
                key.push(byte);
                if byte == 0 {
                    key.push(255);
                }
            }
            key.extend([0, 0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_order_of_their_values() {
        let text = |text: &str| Value::Text(text.to_owned());
        let values = [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Real(-2.5),
            Value::Integer(-2),
            Value::Integer(0),
            Value::Real(0.5),
            Value::Integer(1),
            Value::Integer(i64::MAX - 1),
            Value::Integer(i64::MAX),
            text(""),
            text("a"),
            text("a\0b"),
            text("ab"),
        ];
        for pair in values.windows(2) {
            let (a, b) = (encode_key(&pair[..1]), encode_key(&pair[1..]));
            assert!(a < b, "{pair:?}");
        }
    }

    #[test]
    fn a_row_comes_back_and_a_torn_one_is_none() {
        let row = [Value::Integer(-7), Value::Null, Value::Text("né".to_owned()), Value::Real(1.5)];
        let bytes = encode_row(&row);
        assert_eq!(format!("{:?}", decode_row(&bytes)), format!("{:?}", Some(row.to_vec())));
        assert!(decode_row(&bytes[..bytes.len() - 1]).is_none());
    }
}
