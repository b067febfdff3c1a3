//! The last result, kept for `report last`, and stored ones shown again.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{beside_others, errors, file, hides_issued, home, measured, run, text};

#[test]
fn the_last_result_is_kept_for_its_owner_alone_and_shown_again() {
    let _machine = beside_others();
    let none = run(&["report", "last"]);
    assert_eq!(none.status.code(), Some(2));
    let said = errors(&none);
    assert!(said.contains("no result has been kept yet"), "{said}");

    let document = measured(&["sts", "--lab", "fast", "-n", "3", "--warmup", "0"]);
    let folder = home().join(".local/state/awscreds-bench");
    let kept = folder.join("last.json");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&kept)), (0o700, 0o600));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    hides_issued(&std::fs::read_to_string(&kept).unwrap());

    let again = measured(&["report", "last"]);
    for field in ["arguments", "started_at", "environment"] {
        assert_eq!(again[field], document[field]);
    }
    assert_eq!(again["arms"][0]["outcomes"]["ok"], 3);
    assert!(shown("last").contains("awscreds-bench report last --details"));
}

#[test]
fn a_stored_run_tells_how_to_have_that_run_again() {
    let _machine = beside_others();
    let document = measured(&["sts", "--lab", "fast", "-n", "3", "--warmup", "0"]);
    let stored = file(".json", document.to_string());
    let path = text(stored.path());
    let screen = shown(path);
    let again = format!("awscreds-bench report {path} --details");
    assert!(
        screen.contains(&again) && !screen.contains("report last"),
        "{screen}"
    );
}

/// What `report` prints of a stored run.
fn shown(stored: &str) -> String {
    let output = run(&["report", stored]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    String::from_utf8(output.stdout).unwrap()
}
