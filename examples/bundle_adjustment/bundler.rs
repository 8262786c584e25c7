//! Reader of the Bundler v0.3 text format: cameras, points, and where the cameras saw the points.
//!
//! Every number is checked, so that what is returned can be computed with: all are finite, rotations are rotations,
//! and each view names a camera that exists. The colours of points and the keys of views are read and dropped.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

/// A reconstruction as the file has it.
#[derive(Debug)]
pub struct Bundle {
    pub cameras: Vec<Camera>,
    pub points: Vec<[f64; 3]>,
    /// Ordered by point.
    pub views: Vec<View>,
}

/// A photograph's pose, which takes world to camera coordinates, and lens.
#[derive(Debug)]
pub struct Camera {
    pub focal: f64,
    pub distortion: [f64; 2],
    /// Row-major.
    pub rotation: [f64; 9],
    pub translation: [f64; 3],
}

/// One observation of a point.
#[derive(Clone, Debug)]
pub struct View {
    pub camera: usize,
    pub point: usize,
    pub pixel: [f64; 2],
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read {path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error("{path} is larger than {limit} bytes")]
    TooLarge { path: String, limit: u64 },
    #[error("{path}:{line}: {message}")]
    Malformed { path: String, line: usize, message: String },
}

/// Larger files would not be refined in reasonable time with a dense camera system.
const LARGEST_FILE: u64 = 1 << 28;

/// Reads a file.
pub fn read(path: &Path) -> Result<Bundle, ReadError> {
    let name = path.display().to_string();
    let read_text = || {
        let mut text = String::new();
        File::open(path)?.take(LARGEST_FILE + 1).read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read_text().map_err(|source| ReadError::File { path: name.clone(), source })?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(ReadError::TooLarge { path: name, limit: LARGEST_FILE });
    }
    parse(&text).map_err(|(line, message)| ReadError::Malformed { path: name, line, message })
}

/// A line number, counted from 1, and what is wrong there.
type Mistake = (usize, String);

/// Parses the text of a file.
pub fn parse(text: &str) -> Result<Bundle, Mistake> {
    const HEADER: &str = "# Bundle file v0.3";
    let first = text.lines().next().unwrap_or_default();
    if first.trim_end() != HEADER {
        return Err((1, format!("expected the header `{HEADER}`, got `{}`", shortened(first))));
    }
    let mut words = Words::new(text);
    let camera_count = words.integer("the number of cameras")?;
    let point_count = words.integer("the number of points")?;
    let (mut cameras, mut points, mut views) = (Vec::new(), Vec::new(), Vec::new());
    // The counts are only claims: nothing is allocated before its words have been read.
    for index in 0..camera_count {
        cameras.push(camera(&mut words, index)?);
    }
    for index in 0..point_count {
        points.push(words.numbers(&format!("the position of point {index}"))?);
        words.numbers::<3>(&format!("the colour of point {index}"))?;
        for _ in 0..words.integer(&format!("the number of views of point {index}"))? {
            views.push(view(&mut words, index, camera_count)?);
        }
    }
    match words.next() {
        None if views.is_empty() => Err((words.line, "there are no views to refine by".to_owned())),
        None => Ok(Bundle { cameras, points, views }),
        Some(word) => Err((words.line, format!("expected the end of the file, got `{}`", shortened(word)))),
    }
}

fn camera(words: &mut Words<'_>, index: usize) -> Result<Camera, Mistake> {
    let [focal, first, second] = words.numbers(&format!("focal length and distortion of camera {index}"))?;
    if focal <= 0.0 {
        return Err((words.line, format!("camera {index} has the focal length {focal}, which is not positive")));
    }
    let rotation: [f64; 9] = words.numbers(&format!("the rotation of camera {index}"))?;
    if !is_rotation(&rotation) {
        return Err((words.line, format!("the rotation of camera {index} is not a rotation matrix")));
    }
    let translation = words.numbers(&format!("the translation of camera {index}"))?;
    Ok(Camera { focal, distortion: [first, second], rotation, translation })
}

fn view(words: &mut Words<'_>, point: usize, camera_count: usize) -> Result<View, Mistake> {
    let camera = words.integer(&format!("the camera of a view of point {point}"))?;
    if camera >= camera_count {
        let message = format!("point {point} is seen by camera {camera}, but there are {camera_count} cameras");
        return Err((words.line, message));
    }
    words.integer(&format!("the key of a view of point {point}"))?;
    let pixel = words.numbers(&format!("the pixel of a view of point {point}"))?;
    Ok(View { camera, point, pixel })
}

/// Whether the rows are orthonormal to the digits that files carry, and right-handed.
fn is_rotation(m: &[f64; 9]) -> bool {
    const TOLERANCE: f64 = 1e-6;
    let [a, b, c] = [[m[0], m[1], m[2]], [m[3], m[4], m[5]], [m[6], m[7], m[8]]];
    let dot = |left: [f64; 3], right: [f64; 3]| left[0] * right[0] + left[1] * right[1] + left[2] * right[2];
    let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let orthogonal = [(a, b), (b, c), (c, a)].iter().all(|&(left, right)| dot(left, right).abs() < TOLERANCE);
    let unit = [a, b, c].iter().all(|&row| (dot(row, row) - 1.0).abs() < TOLERANCE);
    orthogonal && unit && dot(cross, c) > 0.0
}

/// The words of a text behind its first line, with the line of the last one.
struct Words<'a> {
    words: Box<dyn Iterator<Item = (usize, &'a str)> + 'a>,
    line: usize,
}

impl<'a> Words<'a> {
    fn new(text: &'a str) -> Self {
        let lines = text.lines().enumerate().skip(1);
        let words = lines.flat_map(|(index, line)| line.split_whitespace().map(move |word| (index + 1, word)));
        Self { words: Box::new(words), line: 1 }
    }

    fn next(&mut self) -> Option<&'a str> {
        let (line, word) = self.words.next()?;
        self.line = line;
        Some(word)
    }

    fn parse<T: FromStr>(&mut self, what: &str, kind: &str) -> Result<T, Mistake> {
        let Some(word) = self.next() else {
            return Err((self.line, format!("the file ends before {what}")));
        };
        word.parse().map_err(|_| (self.line, format!("expected {kind} for {what}, got `{}`", shortened(word))))
    }

    fn integer(&mut self, what: &str) -> Result<usize, Mistake> {
        self.parse(what, "a whole number")
    }

    fn numbers<const N: usize>(&mut self, what: &str) -> Result<[f64; N], Mistake> {
        let mut numbers = [0.0_f64; N];
        for number in &mut numbers {
            *number = self.parse(what, "a number")?;
            if !number.is_finite() {
                return Err((self.line, format!("{what} has the number {number}, which is not finite")));
            }
        }
        Ok(numbers)
    }
}

/// The start of a word or line of the file, to quote in a message.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut quoted: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        quoted.push_str("...");
    }
    quoted
}
