//! Who is alive on this machine, and who we are.
//!
//! A process number alone says little: numbers are used again, begin anew at every boot, and mean something else in every
//! container. So an [`Identity`] has the time of the process's start as well, and the [`World`] that both are numbers of.
//! Where the system does not tell (there is no `/proc`, say), what is not known is `None`, and nobody is called dead.

mod about;
mod identity;
mod life;
mod listed;

pub use about::{Environment, environment, open_files, owner, root, started_ns, user, working_folder};
pub use identity::{Identity, World};
pub use life::{Life, Signals, argv, ignored_signals, life, pids};
pub use listed::{ListedUser, listed_user};
