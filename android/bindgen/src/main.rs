//! Generates the Kotlin bindings of `verifier-core`.

fn main() {
    uniffi::uniffi_bindgen_main();
}
