//! Tokens of the text form, and errors with their place.
//!
//! A [`Cursor`] holds one token at a time and borrows from the text: nothing is allocated but strings with escapes. A
//! lexical mistake is itself a token, [`Token::Invalid`], so that looking ahead cannot fail; it fits no grammar rule, and
//! [`Cursor::unexpected`] reports it.

use std::fmt;

/// Why a text is not a function, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

/// One token, as a part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// A word: letters, digits and `_`, not starting with a digit. Also `inf`, `nan`, `true`.
    Identifier(&'a str),
    /// A decimal number with its sign and exponent: `3`, `-0.0`, `1e-7`; also `-inf`.
    Number(&'a str),
    /// The name of a value, without its `%`.
    Value(&'a str),
    /// The name of a function, without its `@`; may hold dots.
    Symbol(&'a str),
    /// What stands between two quotes, escapes unresolved.
    Text(&'a str),
    /// One of `( ) [ ] { } , ; : = + - *`.
    Punctuation(char),
    /// `->`.
    Arrow,
    /// Not a token; says why.
    Invalid(&'static str),
    /// Behind the last character.
    End,
}

/// Whether `text` is a word that may name a dimension: ASCII letters, digits and `_`, not starting with a digit.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && text.bytes().all(is_word)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A position in the text: the current token and what follows it.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    token: Token<'a>,
    start: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    /// Stands on the first token.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let mut cursor = Self { text, token: Token::End, start: 0, end: 0 };
        cursor.advance();
        cursor
    }

    /// The current token.
    #[must_use]
    pub fn token(&self) -> Token<'a> {
        self.token
    }

    /// The byte offset of the current token.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.start
    }

    /// Moves to the next token and returns the one left behind.
    pub fn advance(&mut self) -> Token<'a> {
        self.start = skip_blank(self.text, self.end);
        let (token, length) = token(&self.text[self.start..]);
        self.end = self.start + length;
        std::mem::replace(&mut self.token, token)
    }

    /// Whether the current token is this punctuation.
    #[must_use]
    pub fn at(&self, punctuation: char) -> bool {
        self.token == Token::Punctuation(punctuation)
    }

    /// Steps over this punctuation if it is the current token.
    pub fn eat(&mut self, punctuation: char) -> bool {
        let found = self.at(punctuation);
        if found {
            self.advance();
        }
        found
    }

    /// Steps over this punctuation, which must be the current token.
    pub fn expect(&mut self, punctuation: char) -> Result<(), ParseError> {
        if self.eat(punctuation) { Ok(()) } else { Err(self.unexpected(&format!("`{punctuation}`"))) }
    }

    /// Steps over this word if it is the current token.
    pub fn eat_keyword(&mut self, word: &str) -> bool {
        let found = self.token == Token::Identifier(word);
        if found {
            self.advance();
        }
        found
    }

    /// Steps over this word, which must be the current token.
    pub fn keyword(&mut self, word: &str) -> Result<(), ParseError> {
        if self.eat_keyword(word) { Ok(()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    /// Steps over any word; `what` says what it would name.
    pub fn identifier(&mut self, what: &str) -> Result<&'a str, ParseError> {
        match self.token {
            Token::Identifier(word) => {
                self.advance();
                Ok(word)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// Steps over a number that `T` can hold; `what` says what it would mean.
    pub fn number<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, ParseError> {
        let Token::Number(digits) = self.token else { return Err(self.unexpected(what)) };
        let Ok(number) = digits.parse() else { return Err(self.unexpected(what)) };
        self.advance();
        Ok(number)
    }

    /// Steps over items up to `close`, separated by commas; the opening token is already behind.
    pub fn list(
        &mut self,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        if self.eat(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            if self.eat(close) {
                return Ok(());
            }
            if !self.eat(',') {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    /// The error that the current token is not what the grammar wants here.
    #[must_use]
    pub fn unexpected(&self, wanted: &str) -> ParseError {
        let message = match self.token {
            Token::Invalid(reason) => reason.to_owned(),
            Token::End => format!("expected {wanted}, but the text ends"),
            _ => format!("expected {wanted}, got `{}`", shortened(&self.text[self.start..self.end])),
        };
        self.error(self.start, message)
    }

    /// An error at a byte offset.
    #[must_use]
    pub fn error(&self, offset: usize, message: impl Into<String>) -> ParseError {
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ParseError {
            message: message.into(),
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// At most the first 40 characters, so that a message stays readable whatever the text.
#[must_use]
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The offset of the next character that is neither white space nor in a `//` comment.
fn skip_blank(text: &str, mut offset: usize) -> usize {
    loop {
        let rest = &text[offset..];
        offset += rest.len() - rest.trim_start().len();
        if !text[offset..].starts_with("//") {
            return offset;
        }
        offset = text[offset..].find('\n').map_or(text.len(), |newline| offset + newline);
    }
}

/// The first token of a text without leading white space, and its length.
fn token(rest: &str) -> (Token<'_>, usize) {
    let bytes = rest.as_bytes();
    let Some(&first) = bytes.first() else { return (Token::End, 0) };
    match first {
        b'%' | b'@' => name(rest, first),
        b'"' => text(rest),
        b'-' if bytes.get(1) == Some(&b'>') => (Token::Arrow, 2),
        b'-' if rest.starts_with("-inf") && word_end(bytes, 1) == 4 => (Token::Number(&rest[..4]), 4),
        b'-' if bytes.get(1).is_some_and(u8::is_ascii_digit) => number(rest, 1),
        b'0'..=b'9' => number(rest, 0),
        b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b';' | b':' | b'=' | b'+' | b'-' | b'*' => {
            (Token::Punctuation(first as char), 1)
        }
        byte if is_word(byte) => {
            let end = word_end(bytes, 0);
            (Token::Identifier(&rest[..end]), end)
        }
        _ => (Token::Invalid("unknown character"), rest.chars().next().map_or(0, char::len_utf8)),
    }
}

fn word_end(bytes: &[u8], start: usize) -> usize {
    start + bytes[start..].iter().take_while(|&&byte| is_word(byte)).count()
}

/// `%` and a word that may start with a digit, or `@` and a word that may hold dots.
fn name(rest: &str, sigil: u8) -> (Token<'_>, usize) {
    let accepts = |byte: u8| is_word(byte) || sigil == b'@' && byte == b'.';
    let end = 1 + rest.bytes().skip(1).take_while(|&byte| accepts(byte)).count();
    match (&rest[1..end], sigil) {
        ("", b'%') => (Token::Invalid("`%` without a value's name"), 1),
        ("", _) => (Token::Invalid("`@` without a function's name"), 1),
        (word, b'%') => (Token::Value(word), end),
        (word, _) => (Token::Symbol(word), end),
    }
}

/// Digits, fraction and exponent, from the first digit on.
fn number(rest: &str, first_digit: usize) -> (Token<'_>, usize) {
    let bytes = rest.as_bytes();
    let digits = |start: usize| start + bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = digits(first_digit);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1 + sign);
        }
    }
    if bytes.get(end).is_some_and(|&byte| is_word(byte)) {
        return (Token::Invalid("malformed number"), end);
    }
    (Token::Number(&rest[..end]), end)
}

/// What stands between quotes on one line; a backslash takes the next character with it.
fn text(rest: &str) -> (Token<'_>, usize) {
    let mut escaped = false;
    for (offset, character) in rest.char_indices().skip(1) {
        match character {
            '\n' => break,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return (Token::Text(&rest[1..offset]), offset + 1),
            _ => {}
        }
    }
    (Token::Invalid("a string does not end on its line"), 1)
}

/// Resolves the escapes of a [`Token::Text`]: those of Rust's `escape_default`.
#[must_use]
pub fn unescape(raw: &str) -> Option<String> {
    let mut result = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(position) = rest.find('\\') {
        result.push_str(&rest[..position]);
        let escape = &rest[position + 1..];
        let (character, length) = match escape.chars().next()? {
            plain @ ('"' | '\\' | '\'') => (plain, 1),
            'n' => ('\n', 1),
            'r' => ('\r', 1),
            't' => ('\t', 1),
            'u' => {
                let (digits, _) = escape.strip_prefix("u{")?.split_once('}')?;
                (char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, digits.len() + 3)
            }
            _ => return None,
        };
        result.push(character);
        rest = &escape[length..];
    }
    result.push_str(rest);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Token, unescape};

    fn tokens(text: &str) -> Vec<Token<'_>> {
        let mut cursor = Cursor::new(text);
        let mut tokens = Vec::new();
        while cursor.token() != Token::End && tokens.len() < 50 {
            tokens.push(cursor.advance());
        }
        tokens
    }

    #[test]
    fn numbers_keep_their_sign_and_spelling() {
        use Token::{Identifier, Number};
        assert_eq!(
            tokens("-0.0 1e-7 -inf inf nan 3"),
            [Number("-0.0"), Number("1e-7"), Number("-inf"), Identifier("inf"), Identifier("nan"), Number("3")]
        );
    }

    #[test]
    fn a_dim_with_an_offset_is_a_word_and_a_number() {
        use Token::{Identifier, Number, Punctuation};
        assert_eq!(tokens("n-1 n+2"), [Identifier("n"), Number("-1"), Identifier("n"), Punctuation('+'), Number("2")]);
    }

    #[test]
    fn names_comments_and_arrows() {
        use Token::{Arrow, Symbol, Text, Value};
        assert_eq!(tokens("@a.b // -> %1\n%1->\"x\\\"y\""), [Symbol("a.b"), Value("1"), Arrow, Text("x\\\"y")]);
    }

    #[test]
    fn mistakes_are_tokens() {
        for text in ["3x", "1e5.5x", "%", "@ ", "\"open", "\"open\n\"", "#", "é"] {
            let found = tokens(text);
            assert!(found.iter().any(|token| matches!(token, Token::Invalid(_))), "{text}: {found:?}");
        }
    }

    #[test]
    fn places_count_lines_and_characters() {
        let mut cursor = Cursor::new("a\n  é");
        cursor.advance();
        assert_eq!(cursor.unexpected("a word").to_string(), "line 2, column 3: unknown character");
    }

    #[test]
    fn escapes_resolve() {
        let original = "a\"b\\c\n\té\u{7f}";
        assert_eq!(unescape(&original.escape_default().to_string()).as_deref(), Some(original));
        for bad in ["\\", "\\x", "\\u{", "\\u{110000}", "\\u41"] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
    }
}
