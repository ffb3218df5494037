//! Scanner and cuts together, from outside.

mod accept;
mod ahead;
mod chunks;
mod paces;
mod refuse;
mod splice;
mod tell;
