//! What the database layer promises on both engines.

use crate::on_both_engines;
use program_server::Error;
use program_server::database::{Database, Migration, ModuleSchema, Stored, column, migrate};
use protocol::{Hash, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, Index, Query, Table};
use sea_orm::{ConditionalStatement as _, ConnectionTrait, EntityTrait, Set};

/// A module as modules are written.
#[cfg(test)]
mod things {
    use super::*;
    use sea_orm::entity::prelude::*;

    #[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "things")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: Stored<Hash>,
        pub seen: Stored<Timestamp>,
        pub ended: Option<Stored<Timestamp>>,
        pub live: bool,
    }

    #[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    pub fn schema() -> ModuleSchema {
        let table = Table::create()
            .table("things")
            .col(column::bytes("hash").primary_key())
            .col(column::number("seen"))
            .col(column::number("ended").null())
            .col(column::boolean("live"))
            .into();
        let one_live_a_second = Index::create()
            .name("things_one_live_a_second")
            .table("things")
            .col("seen")
            .unique()
            .and_where(Expr::col("live").eq(true))
            .into();
        ModuleSchema { name: "things", migrations: vec![Migration(vec![table, one_live_a_second])] }
    }

    pub fn thing(name: &str, seen: &str, live: bool) -> ActiveModel {
        ActiveModel {
            hash: Set(Stored(Hash::of(name.as_bytes()))),
            seen: Set(Stored(Timestamp::parse(seen).unwrap())),
            ended: Set(None),
            live: Set(live),
        }
    }
}

const NOW: &str = "2026-11-21T10:00:00Z";

on_both_engines! {
    async fn a_value_comes_back_as_it_was_stored(server: TestServer) {
        let db = &server.app.db;
        migrate(db, &[things::schema()]).await.unwrap();
        let mut thing = things::thing("a", NOW, true);
        thing.ended = Set(Some(Stored(Timestamp::MAX)));
        things::Entity::insert(thing).exec(db.reader()).await.unwrap();
        let found = things::Entity::find_by_id(Stored(Hash::of(b"a"))).one(db.reader()).await;
        let found = found.unwrap().unwrap();
        assert_eq!(found.seen.0.to_string(), NOW);
        assert_eq!(found.ended, Some(Stored(Timestamp::MAX)));
    }

    async fn a_partial_unique_index_refuses_the_second_live_one(server: TestServer) {
        let db = &server.app.db;
        migrate(db, &[things::schema()]).await.unwrap();
        let insert = |thing| async move {
            things::Entity::insert(thing).exec(db.reader()).await.map_err(Error::from)
        };
        insert(things::thing("a", NOW, true)).await.unwrap();
        insert(things::thing("b", NOW, false)).await.unwrap();
        let error = insert(things::thing("c", NOW, true)).await.unwrap_err();
        assert!(error.is_unique_violation(), "{error}");
    }

    async fn what_is_not_committed_leaves_nothing(server: TestServer) {
        let db = &server.app.db;
        migrate(db, &[things::schema()]).await.unwrap();
        let transaction = db.begin().await.unwrap();
        things::Entity::insert(things::thing("a", NOW, true)).exec(&*transaction).await.unwrap();
        drop(transaction);
        assert_eq!(things::Entity::find().all(db.reader()).await.unwrap(), []);
        let transaction = db.begin().await.unwrap();
        things::Entity::insert(things::thing("a", NOW, true)).exec(&*transaction).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(things::Entity::find().all(db.reader()).await.unwrap().len(), 1);
    }

    async fn writers_that_hold_one_name_do_not_overlap(server: TestServer) {
        let db = &server.app.db;
        migrate(db, &[things::schema()]).await.unwrap();
        let count = |db: Database| async move {
            let transaction = db.begin().await.unwrap();
            transaction.advisory_lock("counting").await.unwrap();
            let so_far = things::Entity::find().all(&*transaction).await.unwrap().len();
            let name = format!("thing {so_far}");
            things::Entity::insert(things::thing(&name, NOW, false)).exec(&*transaction).await.unwrap();
            transaction.commit().await.unwrap();
        };
        let counters: Vec<_> = (0..8).map(|_| tokio::spawn(count(db.clone()))).collect();
        for counter in counters {
            counter.await.unwrap();
        }
        assert_eq!(things::Entity::find().all(db.reader()).await.unwrap().len(), 8);
    }

    async fn a_database_of_a_later_release_is_refused(server: TestServer) {
        let db = &server.app.db;
        let mut later = things::schema();
        later.migrations.push(Migration(vec![
            Table::alter().table("things").add_column(column::text("name").null()).into(),
        ]));
        migrate(db, &[later]).await.unwrap();
        let error = migrate(db, &[things::schema()]).await.unwrap_err();
        assert!(error.to_string().contains("later release"), "{error}");
    }

    async fn a_column_that_holds_no_such_value_is_an_error_and_no_panic(server: TestServer) {
        let db = &server.app.db;
        migrate(db, &[things::schema()]).await.unwrap();
        let short = Query::insert()
            .into_table("things")
            .columns(["hash", "seen", "live"])
            .values_panic([vec![1_u8, 2].into(), 0_i64.into(), true.into()])
            .take();
        db.reader().execute(&short).await.unwrap();
        assert!(things::Entity::find().all(db.reader()).await.is_err());
    }
}
