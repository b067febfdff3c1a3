//! An AWS of one's own for an integration test: started, pointed at, asked, stopped.
//!
//! ```text
//! cargo run --example lab --no-default-features --features lab
//! ```

use std::error::Error;

use awscreds_bench::lab::{ExportedSource, Lab, Options, Scenario};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let scenario = Scenario::parse("[imds.token]\ndelay = \"5ms\"", "this example")?;
    let lab = Lab::start(scenario, Options::default()).await?;

    // What points any SDK, in any language, at the lab.
    for (name, value) in lab.environment(ExportedSource::Imds) {
        println!("{name}={value}");
    }

    // Instance metadata's first step, as an SDK takes it.
    let mut connection = TcpStream::connect(lab.imds_address()).await?;
    let request = "PUT /latest/api/token HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\
                   X-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    println!("\n{answer}");

    // What was asked for, counted where it arrived.
    let tokens = lab.requests()["imds:token"];
    println!("{tokens:?}");
    assert!(answer.starts_with("HTTP/1.1 200") && tokens.ok == 1);
    lab.stop().await;
    Ok(())
}
