//! A line of any length takes no more memory than a short one.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
};

use crate::{child::command, world::World};

/// The peak of a process that compacts this transcript, in KB; `None` where the kernel does not tell.
fn peak(world: &World) -> Option<u64> {
    let output = command(&world.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// A transcript with one result of so many megabytes, and a line as long that is none.
fn with_line_of(megabytes: usize) -> World {
    let world = World::new("");
    let mut file = BufWriter::new(File::create(world.path()).unwrap());
    for role in ["toolResult", "user"] {
        write!(file, r#"{{"type":"message","message":{{"role":"{role}","content":[{{"type":"text","text":""#)
            .unwrap();
        for _ in 0..megabytes {
            file.write_all("0123456789abcd\\n".repeat(1 << 16).as_bytes()).unwrap();
        }
        file.write_all(b"\"}]}}\n").unwrap();
    }
    drop(file);
    world
}

#[test]
fn a_line_of_fifty_megabytes_takes_no_more_memory_than_one_of_one() {
    let peaks: Vec<_> = [1, 50].iter().filter_map(|megabytes| peak(&with_line_of(*megabytes))).collect();
    let [small, large] = peaks[..] else { return };
    eprintln!("{small} KB for lines of 1 MB, {large} KB for lines of 50 MB");
    assert!(large < small + 2_048, "{small} KB and {large} KB");
}

#[test]
fn i2_what_a_line_of_megabytes_held_is_in_its_file() {
    let world = with_line_of(3);
    assert_eq!(world.compact().unwrap().payloads, 1);
    let name = world.payloads().join(&world.names("one.jsonl.payloads")[0]);
    assert_eq!(fs::read(name).unwrap(), b"0123456789abcd\n".repeat(3 << 16));
}
