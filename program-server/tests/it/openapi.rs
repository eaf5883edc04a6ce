//! The description of the HTTP interface, held against the one in docs/, so that whoever writes a client sees each change
//! in a diff. `UPDATE_EXPECT=1` accepts it.

use crate::on_both_engines;
use crate::phones::office::Office;
use expect_test::expect_file;

on_both_engines! {
    async fn the_interface_is_the_one_that_docs_describe(server: TestServer) {
        let office = Office::open(server).await;
        let described = office.get("/openapi.json").await.json();
        let text = format!("{}\n", serde_json::to_string_pretty(&described).unwrap());
        expect_file!["../../../docs/openapi.json"].assert_eq(&text);
    }
}
