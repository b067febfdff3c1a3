//! A hostile world: sources, services, name servers and processes that lie, each to the commands that ask them. No
//! lie may make the tool panic, outlast its limits, hold more than 200 MB, leave a process behind, tell a secret, or
//! send a control character to a terminal.

mod commands;
mod dns;
mod honest;
mod interrupt;
mod page;
mod processes;
mod server;
mod services;
mod sources;
mod table;
mod tool;
mod transport;
mod trial;

#[test]
fn instance_metadata_that_lies() {
    trial::hold(&table::metadata());
}

#[test]
fn a_container_endpoint_that_lies() {
    trial::hold(&table::container());
}

#[test]
fn an_sts_that_lies() {
    trial::hold(&table::sts());
}

#[test]
fn an_s3_that_lies() {
    trial::hold(&table::s3());
}

#[test]
fn a_cloud_map_that_lies() {
    trial::hold(&table::cloudmap());
}

#[test]
fn a_name_server_that_lies() {
    trial::hold(&table::names());
}

#[test]
fn processes_that_do_not_do_as_they_should() {
    trial::hold(&table::credential_processes());
}
