/// What each metric means, for `# HELP` on the metrics page.
///
/// Figures of queues and of the store are shown by every process of the service whose input they are: take the greatest,
/// never the sum. NaN means that the server which knows is away.
enum MetricCatalogue {
    static let help: [String: String] = [
        // What the process depends on
        "loods_dependency_up": "1 while the process can use the server, else 0.",
        "loods_dependency_since_timestamp_seconds": "Unix time since when loods_dependency_up is what it is.",
        "loods_mailer_lineage_accepted":
            "1 while this mailer may send from the store; 0: the store was restored, or has not been seen.",

        // Queues
        "loods_queue_ready_bodies": "Bodies that wait in the broker, those in consumers' hands left out.",
        "loods_queue_consumers": "Consumers that the broker knows of.",
        "loods_queue_oldest_seconds":
            "At least so old is the lane's oldest body: by its publisher's clock where this process holds it, else since this "
            + "process first saw something wait. 0 where nothing waits.",
        "loods_deliveries_total":
            "Bodies settled, by outcome; given_back went back to the broker unhandled, retry stayed in place.",
        "loods_batch_bodies": "Bodies a call of the handler.",
        "loods_batch_seconds": "Time a call of the handler took.",
        "loods_publishes_total": "Bodies published, by outcome.",
        "loods_publish_confirm_seconds": "Time from a publish to the broker's confirm.",

        // The store
        "loods_outbox_bodies": "Bodies whose publication the broker has not confirmed, by the queue they go to.",
        "loods_outbox_oldest_seconds":
            "Time since the outbox's oldest body was written or last published again.",
        "loods_outbox_swept_total": "Bodies published again since their first publication was not confirmed.",
        "loods_set_aside_items": "Items set aside and not replayed, by queue and kind of reason; at most 100,000.",
        "loods_set_aside_total": "Items that this process has set aside.",
        "loods_timers_due": "Timers that are due and not yet taken; at most 100,000.",
        "loods_timer_lag_seconds": "Domain time since the earliest due timer was due; 0 where none is.",
        "loods_wakes_due":
            "Contacts that time alone may have changed and nobody has looked at yet; at most 100,000.",
        "loods_wake_lag_seconds": "Domain time since the earliest due wake was due; 0 where none is.",
        "loods_backfill_contacts": "Contacts that the live definitions have yet to reach.",
        "loods_log_ahead_seconds": "Domain time until the end of the last part of the log that is made.",
        "loods_log_default_events":
            "Events that stand in no part of their own, since clocks were far ahead; at most 100,000.",
        "loods_log_overdue_seconds":
            "Domain time since the oldest part of the log should have begun to leave it; 0 where none should.",
        "loods_messages":
            "Messages by state: due, held (also deferred), claimed, handed, unknown; each at most 100,000.",

        // Work
        "loods_ingest_events_total": "Events answered, by outcome.",
        "loods_ingest_forms_total": "Forms posted, by outcome: submitted, faulty, or a robot's.",
        "loods_ingest_messages_total": "Messages that servers asked for and that were taken.",
        "loods_ingest_site_messages_total": "Site messages that browsers were given.",
        "loods_ingest_refused_total": "Requests refused by a limit, by which.",
        "loods_ingest_requests_total": "Requests by route and status.",
        "loods_ingest_request_duration_seconds": "Time to answer a request.",
        "loods_ingest_group_events": "Events a published group.",
        "loods_ingest_held_bytes": "Bytes of events that wait for the broker's confirm.",
        "loods_ingest_dropped_total": "Opens and clicks dropped since too much waited.",
        "loods_events_stored_total": "Events stored.",
        "loods_events_repeated_total": "Events that were stored before.",
        "loods_events_erased_total": "Events left out because they were of before somebody's erasure.",
        "loods_events_untracked_total": "Opens and clicks counted without a person, for want of consent.",
        "loods_audience_evaluations_total": "Times that the segments and persona of a contact were looked at.",
        "loods_audience_conditions_total": "Conditions of segments and personas that were evaluated.",
        "loods_segment_moves_total": "Contacts that entered or left a segment, by cause: event, time, backfill.",
        "loods_wakes_fired_total": "Contacts that were looked at since time alone may have changed something.",
        "loods_wakes_failed_total": "Contacts that could not be evaluated and are looked at again an hour later.",
        "loods_log_events_left_total": "Events that have left the log, and are counted in what is carried over.",
        "loods_backfilled_contacts_total": "Contacts that were looked at since definitions were applied.",
        "loods_signals_total": "Signals that journeys have acted on.",
        "loods_timers_fired_total": "Contacts whose due timers were taken.",
        "loods_broadcast_members_total":
            "Members that broadcasts went to, by outcome: entered, or skipped, which decisions tell of.",
        "loods_broadcast_lag_seconds":
            "Domain time since the next part of some broadcast was due; 0 where none is.",
        "loods_runs_started_total": "Runs started.",
        "loods_runs_ended_total": "Runs ended.",
        "loods_entries_turned_away_total": "Entries turned away by the cap of their journey.",
        "loods_messages_planned_total": "Messages planned.",
        "loods_messages_skipped_total": "Messages that the gate refused.",
        "loods_messages_unknown_total":
            """
        Messages that became unknown since a mailer died, or its connection broke, at their final dot, or the store was \
        restored.
        """,
        "loods_messages_resent_total":
            "Mails that were planned again in place of becoming unknown, as their class says: some go out twice.",
        "loods_senders_paused":
            "Senders (a domain, marketing or transactional) whose mail stands still: servers refuse it, or somebody paused it.",
        "loods_mails_in_line": "Mails that wait for their turn under limits of pace.",
        "loods_sites_slowed_total": "Times that a recipient site's server had mailers slow down.",
        "loods_sites_slowed": "Recipient sites that mailers are slow with since their servers asked for it.",
        "loods_kill_switches": "Workspaces whose kill switch is on: none of their mail is claimed.",
        "loods_mails_failed_total":
            "Mails that were not taken, put off ones included (by: reply) or that came back (by: report), by class.",
        "loods_ingest_returned_total": "Mails that came back, or asked to unsubscribe, and were taken, by kind.",
        "loods_ingest_mailbox_mails_total":
            "Mails to postmaster and abuse of the bounce hosts that were taken, by mailbox.",
        "loods_returned_mails_total":
            "What came back of mails and was applied, by kind (delayed and delivered change nothing) and by where it came in.",
        "loods_journeys_paused_total": "Journeys that were paused since too much of their marketing came back.",
        "loods_addresses_suppressed_total": "Addresses that get no mail any more since mail to them failed, by reason.",
        "loods_delivery_attempts_total": "Attempts to deliver, by outcome.",
        "loods_relay_attempts_total":
            "Attempts to hand a mail over, by relay and outcome; failed ones found no server to speak to.",
        "loods_relay_away": "1 for a relay that this mailer could not speak to last, else 0.",
        "loods_mailer_dkim_keys_missing":
            "Keys that sending domains name and this mailer looked for in vain since it started.",
        "loods_mailer_makes_postcards": "1 where this mailer has Chromium, else 0: postcards then wait for another.",
        "loods_postcard_attempts_total": "Attempts to make and hand over postcards, by outcome.",
        "loods_webhook_attempts_total": "Requests to webhooks, and site messages laid out, by outcome.",
    ]
}
