//! The program: its modes, and what it says to mistakes.

use crate::{Arguments, Mode, run};
use clap::Parser;
use std::path::{Path, PathBuf};

fn parsed(arguments: &[&str]) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from([&["drone"], arguments].concat())
}

#[test]
fn modes_are_known_by_name() -> Result<(), clap::Error> {
    for (name, mode) in [("plan", Mode::Plan), ("controller", Mode::Controller), ("mpc", Mode::Mpc)] {
        let arguments = parsed(&[name, "folder", "--seed", "7"])?;
        assert_eq!((arguments.mode, arguments.folder, arguments.seed), (mode, PathBuf::from("folder"), 7));
    }
    let arguments = parsed(&[])?;
    assert_eq!((arguments.mode, arguments.folder.as_path()), (Mode::Plan, Path::new("target/drone")));
    Ok(())
}

#[test]
fn mistakes_are_told_with_what_was_given() {
    let message = |arguments: &[&str]| parsed(arguments).expect_err("a mistake").to_string();
    let unknown = message(&["hover"]);
    assert!(unknown.contains("'hover'") && unknown.contains("plan, controller, mpc"), "{unknown}");
    let seed = message(&["mpc", "--seed", "one"]);
    assert!(seed.contains("'one'") && seed.contains("--seed"), "{seed}");
    // A folder below a file.
    let file = std::env::temp_dir().join(format!("rotrace-drone-file-{}", std::process::id()));
    std::fs::write(&file, "no folder").expect("a file");
    let folder = file.join("pictures");
    let arguments = parsed(&["plan", folder.to_str().expect("a plain name")]).expect("arguments");
    let error = run(&arguments, &mut Vec::new()).expect_err("no folder").to_string();
    assert!(error.starts_with(&format!("cannot make the folder {}: ", folder.display())), "{error}");
    std::fs::remove_file(&file).expect("the file was made above");
    // A folder that takes no files, whoever asks.
    if cfg!(target_os = "linux") {
        let arguments = parsed(&["plan", "/proc"]).expect("arguments");
        let error = run(&arguments, &mut Vec::new()).expect_err("no such files").to_string();
        assert!(error.starts_with("cannot write to the folder /proc: "), "{error}");
    }
}
