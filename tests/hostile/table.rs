//! Source × lie × command: every case that is tried, by group.

use crate::commands::{
    CLOUDMAP, Command, DISCOVERY, DOCTOR, IMDS, OF_SOURCES, PROCESS, REFRESH, S3, STS,
};
use crate::server::{Act, Lie, Step};
use crate::{dns, processes, services, sources, transport};

/// Who lies.
#[derive(Clone, Debug)]
pub enum Liar {
    /// The one server, at this step.
    Server(Step, Vec<Act>),
    /// The name server, by its place among those who lie.
    NameServer(usize),
    /// The profile's `credential_process`.
    Process(String),
}

/// Where the command is to find credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Imds,
    Container,
    WebIdentity,
    AssumeRole,
    Keys,
    Profile,
}

/// One run.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub liar: Liar,
    pub from: From,
    pub command: Command,
    /// Which of its formats.
    number: usize,
    /// Words that must be said somewhere.
    pub told: Option<&'static str>,
}

/// Cases of one kind.
pub struct Group {
    pub name: &'static str,
    pub cases: Vec<Case>,
}

impl Case {
    /// As typed, without the program.
    pub fn arguments(&self) -> Vec<String> {
        let command = &self.command;
        let mut arguments = vec![command.name];
        arguments.extend(command.arguments);
        if command.names_source {
            let source = match self.from {
                From::Imds => "imds",
                From::Container => "container",
                From::WebIdentity => "web-identity",
                From::AssumeRole => "assume-role",
                From::Keys => "env",
                From::Profile => "profile",
            };
            arguments.extend(["--source", source]);
        }
        if !command.formats.is_empty() {
            arguments.extend([
                "--format",
                command.formats[self.number % command.formats.len()],
            ]);
            if self.number.is_multiple_of(3) {
                arguments.extend(["--output", "result"]);
            }
            if self.number.is_multiple_of(2) && command.names_source {
                arguments.push("--verbose");
            }
        }
        arguments.into_iter().map(str::to_owned).collect()
    }
}

/// Cases of lies at one step, each told to `each` of these commands, from the first on or in turns.
fn group(
    name: &'static str,
    at: Step,
    from: From,
    lies: Vec<Lie>,
    commands: &[Command],
    each: usize,
) -> Group {
    let mut cases = Vec::new();
    for (n, lie) in lies.into_iter().enumerate() {
        for m in 0..each {
            let command = commands[(n + m) % commands.len()];
            cases.push(Case {
                name: format!("{at:?}: {}, to {} from {from:?}", lie.name, command.name),
                liar: Liar::Server(at, lie.acts.clone()),
                from,
                command,
                number: n + m,
                told: None,
            });
        }
    }
    Group { name, cases }
}

/// Says that the source is at fault, wherever it is said at all.
fn blamed(mut group: Group, lies: &[&str]) -> Group {
    for case in &mut group.cases {
        let shows_errors = case.command.name == "imds"
            && matches!(IMDS.formats[case.number % 8], "table" | "json" | "markdown");
        if shows_errors && lies.iter().any(|lie| case.name.contains(lie)) {
            case.told = Some("gave a bad answer");
        }
    }
    group
}

pub fn metadata() -> Vec<Group> {
    let tokens = group(
        "metadata: tokens",
        Step::Token,
        From::Imds,
        sources::tokens(),
        &OF_SOURCES,
        5,
    );
    let roles = group(
        "metadata: roles",
        Step::Role,
        From::Imds,
        sources::roles(),
        &OF_SOURCES,
        5,
    );
    let documents = group(
        "metadata: credentials",
        Step::Credentials,
        From::Imds,
        sources::documents(),
        &OF_SOURCES,
        3,
    );
    let mut places = group(
        "metadata: zone",
        Step::Place,
        From::Imds,
        sources::roles(),
        &[CLOUDMAP, DOCTOR],
        1,
    );
    places.cases.truncate(8);
    vec![
        blamed(
            tokens,
            &["2^63", "not UTF-8", "with a newline", "with an escape"],
        ),
        blamed(roles, &["with a space", "newline", "a page", "over 64 KiB"]),
        blamed(documents, &["beyond the calendar", "with an escape in it"]),
        places,
        group(
            "metadata: HTTP",
            Step::Token,
            From::Imds,
            transport::lies(),
            &OF_SOURCES,
            2,
        ),
        group(
            "metadata: HTTP, at the last step",
            Step::Credentials,
            From::Imds,
            transport::lies(),
            &OF_SOURCES,
            1,
        ),
    ]
}

pub fn container() -> Vec<Group> {
    let at = Step::Container;
    vec![
        group(
            "container: credentials",
            at,
            From::Container,
            sources::documents(),
            &OF_SOURCES,
            2,
        ),
        group(
            "container: HTTP",
            at,
            From::Container,
            transport::lies(),
            &OF_SOURCES,
            1,
        ),
    ]
}

pub fn sts() -> Vec<Group> {
    let commands = [STS, PROCESS, IMDS, DOCTOR];
    let web = "AssumeRoleWithWebIdentity";
    vec![
        group(
            "STS: identities",
            Step::Sts,
            From::Keys,
            services::xml(),
            &[STS],
            1,
        ),
        group(
            "STS: identities, HTTP",
            Step::Sts,
            From::Keys,
            transport::lies(),
            &[STS, DOCTOR],
            1,
        ),
        group(
            "STS: web identity",
            Step::Sts,
            From::WebIdentity,
            services::roles(web),
            &commands,
            2,
        ),
        group(
            "STS: web identity, XML",
            Step::Sts,
            From::WebIdentity,
            services::xml(),
            &commands,
            1,
        ),
        group(
            "STS: web identity, HTTP",
            Step::Sts,
            From::WebIdentity,
            transport::lies(),
            &commands,
            1,
        ),
        group(
            "STS: roles",
            Step::Sts,
            From::AssumeRole,
            services::roles("AssumeRole"),
            &commands,
            2,
        ),
    ]
}

pub fn s3() -> Vec<Group> {
    vec![
        group(
            "S3: answers",
            Step::S3,
            From::Keys,
            services::xml(),
            &[S3],
            1,
        ),
        group(
            "S3: HTTP",
            Step::S3,
            From::Keys,
            transport::lies(),
            &[S3],
            1,
        ),
    ]
}

pub fn cloudmap() -> Vec<Group> {
    vec![
        group(
            "Cloud Map: answers",
            Step::CloudMap,
            From::Keys,
            [services::cloudmap(), services::refusals()].concat(),
            &[CLOUDMAP],
            1,
        ),
        group(
            "Cloud Map: HTTP",
            Step::CloudMap,
            From::Keys,
            transport::lies(),
            &[CLOUDMAP],
            1,
        ),
    ]
}

pub fn names() -> Vec<Group> {
    let cases = dns::LIES.iter().enumerate().map(|(n, (name, _))| Case {
        name: format!("DNS: {name}, to cloudmap"),
        liar: Liar::NameServer(n),
        from: From::Keys,
        command: DISCOVERY,
        number: n,
        told: match n {
            0 | 3 => Some("holds no IPv4 address"),
            1 => Some("is cut off"),
            _ => None,
        },
    });
    vec![Group {
        name: "DNS",
        cases: cases.collect(),
    }]
}

pub fn credential_processes() -> Vec<Group> {
    let commands = [IMDS, STS, PROCESS, DOCTOR, REFRESH];
    let mut cases = Vec::new();
    for (n, (name, script)) in processes::scripts().into_iter().enumerate() {
        for m in 0..2 {
            let command = commands[(n + m) % commands.len()];
            cases.push(Case {
                name: format!("credential_process: {name}, to {}", command.name),
                liar: Liar::Process(script.clone()),
                from: From::Profile,
                command,
                number: n + m,
                told: None,
            });
        }
    }
    vec![Group {
        name: "processes",
        cases,
    }]
}
