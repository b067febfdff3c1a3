//! Old files in the cache's directory: its own are removed, those of others never.

use std::time::Duration;

use crate::node::{EXPIRED, Node, printed, private_directory};
use crate::support::beside_others;

#[test]
fn files_of_others_are_left_alone_however_old() {
    let _machine = beside_others();
    let node = Node::new("");
    let shared = node.home().join("shared");
    private_directory(&shared);
    let own = format!("{}.json", "a".repeat(64));
    let others = ["package.json", "settings.json", "notes.new", own.as_str()];
    let old = std::time::SystemTime::now() - Duration::from_hours(9 * 24);
    for name in others {
        let file = std::fs::File::create(shared.join(name)).unwrap();
        file.set_modified(old).unwrap();
    }
    printed(
        &node
            .process()
            .arg("--cache-dir")
            .arg(&shared)
            .output()
            .unwrap(),
    );
    for name in others {
        assert!(shared.join(name).exists(), "{name}");
    }
    // What the cache itself has made is swept of its own old files.
    printed(&node.run());
    node.age(EXPIRED);
    let (stale, others_note) = (node.cache().join(&own), node.cache().join("notes.new"));
    for path in [&stale, &others_note] {
        std::fs::File::create(path)
            .unwrap()
            .set_modified(old)
            .unwrap();
    }
    printed(&node.run());
    assert!(!stale.exists() && others_note.exists());
}
