//! Makes the databases anew that the target `files` damages.

fn main() {
    let home = cognate_fuzz::files::database::home();
    cognate_fuzz::files::database::make(&home);
    println!("{}", home.display());
}
