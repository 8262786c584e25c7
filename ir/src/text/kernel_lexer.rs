//! Tokens of the kernel text form, and a cursor over them with one token of lookahead.

use super::lexer::ParseError;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A letter or `_`, then letters, digits and `_`.
    Word,
    /// `@`, then letters, digits, `_` and `.`.
    Name,
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
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Whether `text` can name a dimension: ASCII letters, digits and `_`, not starting with a digit.
pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(starts_word) && text.chars().all(continues_word)
}

/// Whether `text` can name a kernel: ASCII letters, digits, `_` and `.`.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(continues_name)
}

fn starts_word(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

fn continues_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn continues_name(character: char) -> bool {
    continues_word(character) || character == '.'
}

/// Whether `text` is `prefix` and digits, as the names of values (`v`), loop indices (`i`) and tables (`t`) are.
pub(crate) fn is_numbered(text: &str, prefix: char) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The tokens of a text, one ahead.
pub(super) struct Cursor<'t> {
    rest: &'t str,
    line: usize,
    column: usize,
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
        Err(ParseError { message: message.into(), line: token.line, column: token.column })
    }

    /// An error that says what should stand where the next token stands.
    pub fn expected<T>(&self, what: &str) -> Result<T, ParseError> {
        let found = match self.next.kind {
            TokenKind::End => "the end of the text".to_owned(),
            TokenKind::Word | TokenKind::Name | TokenKind::Number | TokenKind::Symbol => {
                format!("`{}`", shortened(self.next.text))
            }
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
        let run = |start: usize, continues: fn(char) -> bool| {
            self.rest[start..].find(|c| !continues(c)).map_or(self.rest.len(), |length| start + length)
        };
        let (kind, length) = if starts_word(first) {
            (TokenKind::Word, run(0, continues_word))
        } else if first == '@' {
            (TokenKind::Name, run(1, continues_name))
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
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.rest = rest;
        taken
    }
}

/// At most the first 40 characters, so that a message stays readable whatever the text.
pub(super) fn shortened(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

/// Letters, digits and dots, and a sign directly after an exponent's `e`.
fn number_length(text: &str) -> usize {
    let mut previous = '0';
    for (position, character) in text.char_indices() {
        let sign = matches!(character, '+' | '-') && matches!(previous, 'e' | 'E');
        if !sign && !continues_name(character) {
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
