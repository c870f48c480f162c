//! Scripts from text to verdict.
