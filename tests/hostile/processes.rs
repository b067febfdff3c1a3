//! What a `credential_process` may do.

use crate::honest::{KEY_ID, SECRET, TOKEN};

/// A shell's script, by what is wrong with it.
pub fn scripts() -> Vec<(&'static str, String)> {
    let json = |key_id: &str, expiration: &str| {
        format!(
            r#"{{"Version":1,"AccessKeyId":"{key_id}","SecretAccessKey":"{SECRET}","SessionToken":"{TOKEN}","Expiration":"{expiration}"}}"#
        )
    };
    let print = |text: &str| format!("cat <<'END'\n{text}\nEND\n");
    let good = json(KEY_ID, "2099-01-01T00:00:00Z");
    let times = [
        (
            "an expiration beyond the calendar",
            "9999-12-31T23:59:59-23:59",
        ),
        ("an expiration in the year 0", "0000-01-01T00:00:00Z"),
        ("an expiration in the past", "2001-01-01T00:00:00Z"),
        ("an expiration in words", "soon"),
    ];
    let mut scripts: Vec<_> = times
        .iter()
        .map(|(name, time)| (*name, print(&json(KEY_ID, time))))
        .collect();
    let deep = "[".repeat(100_000);
    scripts.extend([
        ("a hang", "sleep 600".to_owned()),
        ("a hang of a child", "sleep 600 & wait".to_owned()),
        (
            "a hang that ignores SIGTERM",
            "trap '' TERM; sleep 600; sleep 600".to_owned(),
        ),
        (
            "a child that keeps the pipe",
            format!("sleep 600 &\n{}", print(&good)),
        ),
        (
            "half of it, and a hang",
            "printf '{\"Version\":1,'; sleep 600".to_owned(),
        ),
        ("2 GB of output", "head -c 2000000000 /dev/zero".to_owned()),
        ("output without end", "yes".to_owned()),
        (
            "2 GB on stderr",
            format!("head -c 2000000000 /dev/zero >&2\n{}", print(&good)),
        ),
        ("stderr without end", "yes >&2".to_owned()),
        (
            "a failure that tells the secret",
            format!("echo 'no: {SECRET} {TOKEN}' >&2; exit 1"),
        ),
        (
            "a failure with escapes",
            r"printf '\033]0;owned\007\033[2J\342\200\256' >&2; exit 1".to_owned(),
        ),
        ("a signal to itself", "kill -9 $$".to_owned()),
        ("no output", "true".to_owned()),
        ("no JSON", "echo nonsense".to_owned()),
        ("a page", "echo '<html>Sign in</html>'".to_owned()),
        (
            "output that tells the secret",
            format!("echo 'key {SECRET}'"),
        ),
        (
            "version 2",
            print(&good.replace("\"Version\":1", "\"Version\":2")),
        ),
        (
            "a version in words",
            print(&good.replace("\"Version\":1", "\"Version\":\"one\"")),
        ),
        ("an empty key", print(&json("", "2099-01-01T00:00:00Z"))),
        (
            "a key with an escape in it",
            print(&json(r"AS\u001b[2JIA", "2099-01-01T00:00:00Z")),
        ),
        (
            "a key with a newline",
            print(&json(r"ASIA\nX-Evil: 1", "2099-01-01T00:00:00Z")),
        ),
        (
            "a key that is a number",
            print(&good.replace(&format!("\"{KEY_ID}\""), "7")),
        ),
        ("brackets 100,000 deep", print(&format!("{{\"x\":{deep}"))),
        ("not UTF-8", r"printf '\377\376{}'".to_owned()),
        ("zeros", r"printf '{\000}'".to_owned()),
    ]);
    scripts
}
