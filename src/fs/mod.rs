//! The only home of `std::fs`: files and folders behind one small port.
//!
//! Everything is done inside a folder that was opened once, by plain names, following no link: what a path means
//! cannot change between two calls. [`RealDisk`] is the machine's; `MemDisk` (feature `testing`) is its twin in memory.

mod attributes;
mod born;
mod find;
mod glance;
mod make;
#[cfg(any(test, feature = "testing"))]
mod mem;
mod port;
mod private;
mod publish;
mod real;
mod straight;
mod temp;
mod text;
mod tree;
mod vantage;
mod whole;
mod within;
mod writing;

pub use attributes::Attributes;
pub use find::{
    enter, is_file, is_folder, is_folder_itself, is_there, names_in, plain_path, real_path, stat,
};
pub use make::make_folder;
#[cfg(any(test, feature = "testing"))]
pub use mem::{MemDisk, MemEvent, MemFile};
pub use port::{Appender, Disk, Owner, Reader, Stat, Writer};
pub use private::OUR_FOLDER;
pub use publish::publish;
pub use real::RealDisk;
pub use temp::{is_temp_of, temp_name};
pub use text::{read_kernel, read_link, read_text, write_text};
pub use tree::{Freed, Removed, remove_all};
pub use vantage::Vantage;
pub use whole::{read_full, read_whole};
pub use within::{names_within, read_within, real_path_within, stat_within};
