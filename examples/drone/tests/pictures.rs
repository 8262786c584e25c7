//! Pictures: that there is something on them, and what cannot be drawn.

use super::numbers;
use crate::course::Course;
use crate::plot::{Curve, Histogram, Path3, Scene, save};
use std::path::Path;

/// A picture of 1000 by 700 pixels in which some hundredths are not background, in several colours.
fn check_pixels(file: &Path) {
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(file).expect("a file")));
    let mut reader = decoder.read_info().expect("a picture");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    assert_eq!((info.width, info.height), (1000, 700));
    let drawn: Vec<&[u8]> = pixels.chunks(3).filter(|pixel| **pixel != [255; 3]).collect();
    let colours: std::collections::BTreeSet<&[u8]> = drawn.iter().copied().collect();
    assert!(
        drawn.len() > 7000 && colours.len() > 20,
        "{}: {} pixels, {} colours",
        file.display(),
        drawn.len(),
        colours.len()
    );
}

fn check_text(file: &Path, wanted: &[&str]) {
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"), "{}", file.display());
    for wanted in wanted {
        assert!(text.contains(wanted), "{} has no {wanted}", file.display());
    }
}

#[test]
fn pictures_are_drawn() {
    let folder = std::env::temp_dir().join(format!("rotrace-drone-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let course = Course::default();
    // A path that comes nearer to the waypoints.
    let path = |label: &str, off: f64| Path3 {
        label: label.to_owned(),
        width: 3,
        points: course.waypoints().into_iter().map(|[x, y, z]| [x, y - off, z + off / 2.0]).collect(),
    };
    let paths = vec![path("early", 1.0), path("midway", 0.4), path("converged", 0.0)];
    let crowd = paths.iter().map(|path| path.points.clone()).collect();
    let scene = Scene { title: "Flights".to_owned(), from: -2.5, gates: course.gates.clone(), crowd, paths };
    let values = (0..200).map(|place| (-0.05 * f64::from(place)).exp() + 1e-6).collect();
    let curve = Curve {
        title: "Loss".to_owned(),
        places: "iteration".to_owned(),
        spacing: 1.0,
        values: "loss".to_owned(),
        series: vec![("slow".to_owned(), vec![1.0; 100]), ("L-BFGS".to_owned(), values)],
    };
    let nanoseconds = numbers(1000, 5.0).into_iter().map(|x| 300.0 + 40.0 * x * x).chain([f64::NAN, 1e6]).collect();
    let times = Histogram { title: "A step".to_owned(), nanoseconds };
    let file = |name: &str| folder.join(name);
    for extension in ["svg", "png"] {
        save(&scene, &file("scene").with_extension(extension)).expect("a scene");
        save(&curve, &file("curve").with_extension(extension)).expect("a curve");
        save(&times, &file("times").with_extension(extension)).expect("a histogram");
    }
    for name in ["scene.png", "curve.png", "times.png"] {
        check_pixels(&file(name));
    }
    check_text(&file("scene.svg"), &["Flights", "early", "midway", "converged", "polyline"]);
    check_text(&file("curve.svg"), &["Loss", "iteration", "L-BFGS", "slow", "polyline"]);
    check_text(&file("times.svg"), &["A step: median 3", "nanoseconds (1 of 1001 calls took longer)", "rect"]);
    // What cannot be drawn is an error.
    let nothing = Histogram { title: String::new(), nanoseconds: vec![f64::NAN] };
    assert!(save(&nothing, &file("nothing.svg")).is_err());
    let missing = save(&scene, &file("missing/scene.png")).expect_err("no such folder").to_string();
    assert!(missing.starts_with("cannot draw ") && missing.contains("missing/scene.png"), "{missing}");
    assert!(save(&scene, &file("scene.jpeg")).expect_err("no JPEG").to_string().contains("neither .svg nor .png"));
    std::fs::remove_dir_all(&folder).expect("the folder was made above");
}
