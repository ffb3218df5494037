//! Another process with a session: this very test binary, started again with a part to play.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

use session_reaper::artifact::payloads::{Options, Spool, Stored};

use crate::{
    part::warm_up,
    world::{World, put, small},
};

/// The words by which this binary plays its part.
pub(crate) const PART: [&str; 5] =
    ["child::child", "--ignored", "--exact", "--nocapture", "--test-threads=1"];

/// What the children of other tests do; by itself it does nothing.
#[test]
#[ignore = "it is a part that other tests start"]
fn child() {
    let (Some(dir), Ok(id)) = (env::var_os("SPOOL_DIR"), env::var("SPOOL_SESSION")) else { return };
    let (dir, wait) = (Path::new(&dir), env::var_os("SPOOL_WAITS").is_some());
    let payload = env::var("SPOOL_PAYLOAD").unwrap_or_default().repeat(100);
    warm_up();
    println!("begin");
    // With a limit what a dead owner left has to make room.
    let options =
        env::var("SPOOL_MOST").map(|most| small().with_max_bytes(most.parse::<i64>().unwrap()).unwrap());
    let options = options.map_or_else(|_| small(), Options::without_reclaim);
    let spool = Spool::open(dir, options, session_reaper::now()).unwrap();
    let session = spool.session(&id).unwrap();
    let blob = put(&session, payload.as_bytes());
    assert!(matches!(session.put(payload.as_bytes(), "text/plain"), Stored::Spooled(_)));
    println!("stored");
    if wait {
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
    if env::var_os("SPOOL_LEAVES").is_some() {
        return;
    }
    session.release(&blob).unwrap();
    session.release(&blob).unwrap();
    session.end().unwrap();
    println!("finished");
}

pub(crate) fn command(world: &World, id: &str, payload: &str) -> Vec<(&'static str, String)> {
    let dir = world.dir().display().to_string();
    vec![("SPOOL_DIR", dir), ("SPOOL_SESSION", id.to_owned()), ("SPOOL_PAYLOAD", payload.to_owned())]
}

/// A child that has stored a payload and waits; killed and waited for when this is dropped.
pub(crate) struct Living(pub(crate) Child);

impl Living {
    pub(crate) fn start(world: &World, id: &str, payload: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(PART)
            .envs(command(world, id, payload))
            .env("SPOOL_WAITS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.as_mut().unwrap());
        assert!(output.lines().any(|line| line.unwrap().contains("stored")));
        Self(child)
    }

    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
