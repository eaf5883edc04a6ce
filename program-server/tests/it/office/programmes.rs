//! Programmes and providers.

use crate::office::setting::{
    add_provider, aid, audience, programme, provider, provider_id, set_up,
};
use crate::on_both_engines;
use program_server::{Error, programmes, providers};

on_both_engines! {
    async fn a_programme_comes_back_as_it_was_added(server: TestServer) {
        let app = set_up(&server).await;
        let found = programmes::get(app.db.reader(), &aid()).await.unwrap();
        assert_eq!(found, programme("aid"));
        assert_eq!(programmes::all(app.db.reader()).await.unwrap(), [found]);
    }

    async fn one_id_names_one_programme(server: TestServer) {
        let app = set_up(&server).await;
        let transaction = app.db.begin().await.unwrap();
        let again = programmes::add(&transaction, &programme("aid")).await;
        assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    }

    async fn a_provider_comes_back_with_its_groups_and_programmes(server: TestServer) {
        let app = set_up(&server).await;
        let found = providers::get(app.db.reader(), &provider_id("mercy")).await.unwrap();
        assert_eq!(found, provider("mercy", &["pharmacies"]));
        assert!(found.serves(Some(&audience("pharmacies"))));
        assert!(!found.serves(Some(&audience("corner"))));
    }

    async fn providers_and_groups_share_one_space_of_ids(server: TestServer) {
        let app = set_up(&server).await;
        for wrong in [provider("pharmacies", &[]), provider("corner", &["mercy"])] {
            let transaction = app.db.begin().await.unwrap();
            assert!(providers::add(&transaction, &wrong).await.is_err(), "{wrong:?}");
        }
        add_provider(app, &provider("corner", &["pharmacies", "shops"])).await;
        let members = providers::members(app.db.reader(), &audience("pharmacies")).await.unwrap();
        assert_eq!(members.len(), 2);
    }

    async fn a_provider_serves_programmes_that_are_there(server: TestServer) {
        let app = set_up(&server).await;
        let mut wrong = provider("corner", &[]);
        wrong.programmes = vec!["other".parse().unwrap()];
        let transaction = app.db.begin().await.unwrap();
        let added = providers::add(&transaction, &wrong).await;
        assert!(matches!(added, Err(Error::NotFound { .. })), "{added:?}");
    }
}
