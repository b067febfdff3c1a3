//! What a process is given that is secret: in its environment, in files that the environment names, and in the URLs of
//! its command line.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use percent_encoding::percent_decode_str;

use super::userinfo::password;

/// How the names of variables end that hold a secret.
const NAMES: [&str; 5] = ["ACCESS_KEY", "ACCESS_KEY_ID", "PASSWORD", "SECRET", "TOKEN"];

/// Variables that name a file with a secret in it.
const FILES: [&str; 2] = [
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// No token is longer.
const LONGEST: u64 = 1 << 16;

/// What is secret in this process's environment and arguments.
pub(super) fn of_this_process(mut learn: impl FnMut(&str)) {
    for (name, value) in std::env::vars_os() {
        if let (Some(name), Some(value)) = (name.to_str(), value.to_str()) {
            of_variable(name, value, &mut learn);
        }
    }
    for argument in std::env::args_os().skip(1) {
        let argument = argument.to_string_lossy();
        let value = argument
            .strip_prefix("--")
            .and_then(|option| option.split_once('='));
        of_url(value.map_or(&argument, |(_, value)| value), &mut learn);
    }
}

/// What is secret in a variable, or in the file that it names.
pub(super) fn of_variable(name: &str, value: &str, learn: &mut impl FnMut(&str)) {
    if NAMES.iter().any(|end| name.ends_with(end)) {
        learn(value);
    } else if FILES.contains(&name) {
        // What cannot be read holds nothing that could be told.
        if let Ok(text) = contents(Path::new(value)) {
            learn(&text);
        }
    } else {
        of_url(value, learn);
    }
}

/// The beginning of a file: whatever it is, nobody waits for it, as for a pipe.
fn contents(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    if fs::metadata(path)?.is_file() {
        fs::File::open(path)?
            .take(LONGEST)
            .read_to_string(&mut text)?;
    }
    Ok(text)
}

fn of_url(text: &str, learn: &mut impl FnMut(&str)) {
    if let Some(password) = password(text) {
        learn(password);
        learn(&percent_decode_str(password).decode_utf8_lossy());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_environment_are_told_by_their_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        fs::write(&file, "eyJhbGciOi\n").expect("written");
        let mut secrets = Vec::new();
        for (name, value) in [
            ("AWS_SECRET_ACCESS_KEY", "key"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().expect("text")),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/no/such/file"),
            ("HTTPS_PROXY", "http://u:p%40ss@proxy:3128"),
            (
                "AWS_SECRET_ARN",
                "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            ),
        ] {
            of_variable(name, value, &mut |secret| secrets.push(secret.to_owned()));
        }
        assert_eq!(secrets, ["key", "token", "eyJhbGciOi\n", "p%40ss", "p@ss"]);
    }
}
