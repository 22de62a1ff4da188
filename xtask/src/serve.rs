//! The page on a local port.

use crate::failure::{Context, Failure, Result};
use crate::steps::{self, Job, Step};
use crate::tools;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// Builds everything and serves the page until the server ends.
pub fn serve(job: &Job, port: u16, host: bool) -> Result {
    // Now, and not after minutes of building.
    require_free(port)?;
    steps::run_all(job, &[Step::Page])?;
    require_free(port)?;

    let mut npm = tools::npm(job)?;
    npm.args(["run", "--silent", "preview", "--", "--strictPort", "--port", &port.to_string()]);
    if host {
        // Vite then lists the addresses of this machine itself.
        npm.arg("--host");
    } else {
        npm.args(["--logLevel", "warn"]);
    }
    let mut server = npm.stdin(Stdio::null()).spawn().context("start the server")?;
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = server.try_wait().context("watch the server")? {
            return Err(Failure::new(format!("the server ended by itself ({status}); what it said is above")));
        }
        if loopback(port).iter().any(|address| TcpStream::connect(address).is_ok()) {
            break;
        }
        if Instant::now() > patience {
            let _ = server.kill();
            return Err(Failure::new("the server did not answer within a minute; run `npm run preview` to see why"));
        }
        thread::sleep(Duration::from_millis(100));
    }
    println!("\nThe page is ready; Ctrl-C ends it.\nhttp://localhost:{port}/");
    if host {
        println!("Browsers give WebGPU only to localhost and https: other devices will compute on their CPU.");
    }
    server.wait().context("wait for the server")?;
    Ok(())
}

/// Both addresses that `localhost` may mean.
fn loopback(port: u16) -> [SocketAddr; 2] {
    [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]
}

fn require_free(port: u16) -> Result {
    for address in loopback(port) {
        match TcpListener::bind(address).map_err(|error| error.kind()) {
            Err(io::ErrorKind::AddrInUse) => {
                return Err(Failure::new(format!(
                    "port {port} is in use: end the program that has it, or choose another with `cargo xtask serve --port`"
                )));
            }
            Err(io::ErrorKind::PermissionDenied) => {
                return Err(Failure::new(format!("port {port} is reserved: choose one from 1024 with --port")));
            }
            // Anything else is a machine without that kind of address.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{loopback, require_free};
    use std::net::TcpListener;

    #[test]
    fn a_busy_port_is_refused_by_its_number() {
        let listener = TcpListener::bind(loopback(0)[0]).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(require_free(port).unwrap_err().sentence.contains(&format!("port {port} is in use")));
        drop(listener);
        assert!(require_free(port).is_ok());
    }
}
