//! Mutations of text, token by token and bit by bit.

use crate::support::Random;

/// What a token may be replaced by.
const REPLACEMENTS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "7",
    "-1",
    "1099511627776",
    "18446744073709551615",
    "99999999999999999999",
    "nan",
    "-inf",
    "1e999",
    "n",
    "m",
    "n-1",
    "%0",
    "%1",
    "%2",
    "%99",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ",",
    "=",
    ":",
    ";",
    "->",
    "\"",
    "[]",
    "f64",
    "i8",
    "bool",
    "u64",
    "add",
    "negative",
    "reduce",
    "cast",
    "constant",
    "splat",
    "select",
    "\u{e9}",
    "reshape",
    "reverse",
    "sum",
    "max",
    "return",
    "scan",
    "switch",
    "call",
    "checkpoint",
    "true",
    "false",
    "every(1)",
    "fn",
    "axes",
    "[0]",
    "[0, 1]",
    "[1, 0]",
    "loc(\"a\":0:0)",
];

/// The text with one to three changes.
pub fn mutant(text: &str, random: &mut Random) -> String {
    let mut tokens: Vec<String> = split(text);
    for _ in 0..=random.below(3) {
        let place = random.below(tokens.len());
        match random.below(7) {
            0 => {
                tokens[place].clear();
            }
            1 => {
                let copy = tokens[place].clone();
                tokens.insert(random.below(tokens.len()), copy);
            }
            2 => {
                let other = random.below(tokens.len());
                tokens.swap(place, other);
            }
            3 => tokens[place] = flip_byte(&tokens[place], random),
            _ => tokens[place] = (*random.pick(REPLACEMENTS)).to_owned(),
        }
    }
    tokens.concat()
}

/// Words, numbers, and single other characters, which concatenate to the text.
fn split(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for character in text.chars() {
        let word = character.is_alphanumeric() || matches!(character, '_' | '.' | '%');
        match tokens.last_mut() {
            Some(last) if word && in_word => last.push(character),
            Some(_) | None => tokens.push(character.to_string()),
        }
        in_word = word;
    }
    tokens
}

fn flip_byte(token: &str, random: &mut Random) -> String {
    let mut bytes = token.as_bytes().to_vec();
    if !bytes.is_empty() {
        let place = random.below(bytes.len());
        bytes[place] ^= 1 << random.below(8);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
