//! Tokens of the kernel text form, and a cursor over them with one token of lookahead.

use super::ParseError;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A letter or `_`, then letters, digits, `_` and `.`.
    Word,
    /// A digit, then whatever belongs to a decimal number. Whether it is one is for the parser to say.
    Number,
    /// Any other single character.
    Symbol,
    /// The end of the text.
    End,
}

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    /// What it is.
    pub kind: TokenKind,
    /// Its characters.
    pub text: &'t str,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Whether `text` is one word of the text form.
pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(starts_word) && text.chars().all(continues_word)
}

fn starts_word(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

fn continues_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '.'
}

/// Whether `text` is `prefix` and digits, as the names of values (`v`), loop indices (`i`) and tables (`t`) are.
pub(crate) fn is_numbered(text: &str, prefix: char) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The tokens of a text, one ahead.
pub(super) struct Cursor<'t> {
    rest: &'t str,
    line: u32,
    column: u32,
    next: Token<'t>,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        let next = Token { kind: TokenKind::End, text: "", line: 1, column: 1 };
        let mut cursor = Self { rest: text, line: 1, column: 1, next };
        cursor.next = cursor.scan();
        cursor
    }

    /// The next token, which stays.
    pub fn peek(&self) -> Token<'t> {
        self.next
    }

    /// The next token. At the end of the text, the end again.
    pub fn advance(&mut self) -> Token<'t> {
        let scanned = self.scan();
        std::mem::replace(&mut self.next, scanned)
    }

    /// An error at a token.
    pub fn error_at<T>(&self, token: Token<'t>, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError { message: message.into(), line: token.line as usize, column: token.column as usize })
    }

    /// An error that says what should stand where the next token stands.
    pub fn expected<T>(&self, what: &str) -> Result<T, ParseError> {
        let found = match self.next.kind {
            TokenKind::End => "the end of the text".to_owned(),
            TokenKind::Word | TokenKind::Number | TokenKind::Symbol => format!("`{}`", self.next.text),
        };
        self.error_at(self.next, format!("expected {what}, found {found}"))
    }

    /// Takes the next token if it is this symbol or word.
    pub fn accept(&mut self, text: &str) -> bool {
        let matches = self.next.kind != TokenKind::End && self.next.text == text;
        if matches {
            self.advance();
        }
        matches
    }

    /// Takes this symbol or word.
    pub fn expect(&mut self, text: &str) -> Result<(), ParseError> {
        if self.accept(text) { Ok(()) } else { self.expected(&format!("`{text}`")) }
    }

    /// Takes a word.
    pub fn word(&mut self, what: &str) -> Result<Token<'t>, ParseError> {
        if self.next.kind == TokenKind::Word { Ok(self.advance()) } else { self.expected(what) }
    }

    /// Takes a number.
    pub fn number(&mut self, what: &str) -> Result<Token<'t>, ParseError> {
        if self.next.kind == TokenKind::Number { Ok(self.advance()) } else { self.expected(what) }
    }

    fn scan(&mut self) -> Token<'t> {
        self.skip_blank();
        let (line, column) = (self.line, self.column);
        let Some(first) = self.rest.chars().next() else {
            return Token { kind: TokenKind::End, text: "", line, column };
        };
        let (kind, length) = if starts_word(first) {
            (TokenKind::Word, self.rest.find(|c| !continues_word(c)).unwrap_or(self.rest.len()))
        } else if first.is_ascii_digit() {
            (TokenKind::Number, number_length(self.rest))
        } else {
            (TokenKind::Symbol, first.len_utf8())
        };
        Token { kind, text: self.take(length), line, column }
    }

    /// Skips white space and comments, which run from `//` to the end of their line.
    fn skip_blank(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            if !self.rest.starts_with("//") {
                return;
            }
            let comment = self.rest.find('\n').unwrap_or(self.rest.len());
            self.take(comment);
        }
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        for character in taken.chars() {
            if character == '\n' {
                self.line = self.line.saturating_add(1);
                self.column = 1;
            } else {
                self.column = self.column.saturating_add(1);
            }
        }
        self.rest = rest;
        taken
    }
}

/// Letters, digits and dots, and a sign directly after an exponent's `e`.
fn number_length(text: &str) -> usize {
    let mut previous = '0';
    for (position, character) in text.char_indices() {
        let sign = matches!(character, '+' | '-') && matches!(previous, 'e' | 'E');
        if !sign && !continues_word(character) {
            return position;
        }
        previous = character;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Cursor, TokenKind};

    #[test]
    fn tokens_know_their_place() {
        let mut cursor = Cursor::new("a1 // no\n  -1.5e-3*i0 é");
        let mut seen = Vec::new();
        while cursor.peek().kind != TokenKind::End {
            let token = cursor.advance();
            seen.push((token.text, token.line, token.column));
        }
        assert_eq!(seen, [("a1", 1, 1), ("-", 2, 3), ("1.5e-3", 2, 4), ("*", 2, 10), ("i0", 2, 11), ("é", 2, 14)]);
    }
}
