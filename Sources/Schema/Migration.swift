/// One numbered step of the schema. Once it has landed, its SQL never changes.
struct Migration: Sendable {
    let number: Int32
    let name: String
    let sql: [UInt8]

    /// All steps in order. A new file under `Migrations/` is added here.
    static let all: [Migration] = [
        Migration(number: 1, name: "foundation", sql: PackageResources.m0001_foundation_sql),
        Migration(number: 2, name: "limits", sql: PackageResources.m0002_limits_sql),
        Migration(number: 4, name: "operations", sql: PackageResources.m0004_operations_sql),
        Migration(number: 5, name: "trials", sql: PackageResources.m0005_trials_sql),
        Migration(number: 6, name: "roles", sql: PackageResources.m0006_roles_sql),
        Migration(number: 7, name: "edge", sql: PackageResources.m0007_edge_sql),
        Migration(number: 8, name: "segments", sql: PackageResources.m0008_segments_sql),
        Migration(number: 9, name: "scores", sql: PackageResources.m0009_scores_sql),
        Migration(number: 10, name: "people", sql: PackageResources.m0010_people_sql),
        Migration(number: 11, name: "log", sql: PackageResources.m0011_log_sql),
        Migration(number: 12, name: "entries", sql: PackageResources.m0012_entries_sql),
        Migration(number: 14, name: "steering", sql: PackageResources.m0014_steering_sql),
        Migration(number: 15, name: "pauses", sql: PackageResources.m0015_pauses_sql),
        Migration(number: 16, name: "guards", sql: PackageResources.m0016_guards_sql),
        Migration(number: 17, name: "broadcasts", sql: PackageResources.m0017_broadcasts_sql),
        Migration(number: 18, name: "calls", sql: PackageResources.m0018_calls_sql),
        Migration(number: 19, name: "site_messages", sql: PackageResources.m0019_site_messages_sql),
        Migration(number: 20, name: "postcards", sql: PackageResources.m0020_postcards_sql),
        Migration(number: 21, name: "accounts", sql: PackageResources.m0021_accounts_sql),
        Migration(number: 22, name: "throttles", sql: PackageResources.m0022_throttles_sql),
        Migration(number: 23, name: "tests", sql: PackageResources.m0023_tests_sql),
        Migration(number: 24, name: "suppressed_visitors", sql: PackageResources.m0024_suppressed_visitors_sql),
        Migration(number: 27, name: "failures", sql: PackageResources.m0027_failures_sql),
        Migration(number: 29, name: "entry_caps", sql: PackageResources.m0029_entry_caps_sql),
        Migration(
            number: 30, name: "visitors_of_restored_stores",
            sql: PackageResources.m0030_visitors_of_restored_stores_sql),
        Migration(number: 31, name: "pace", sql: PackageResources.m0031_pace_sql),
        Migration(number: 32, name: "kill_switches", sql: PackageResources.m0032_kill_switches_sql),
        Migration(number: 33, name: "streams_in_turn", sql: PackageResources.m0033_streams_in_turn_sql),
        Migration(number: 34, name: "consent_proof", sql: PackageResources.m0034_consent_proof_sql),
        Migration(number: 35, name: "bases", sql: PackageResources.m0035_bases_sql),
        Migration(number: 36, name: "signs_of_life", sql: PackageResources.m0036_signs_of_life_sql),
        Migration(number: 37, name: "content", sql: PackageResources.m0037_content_sql),
        Migration(number: 38, name: "figures", sql: PackageResources.m0038_figures_sql),
        Migration(number: 40, name: "erased_consents", sql: PackageResources.m0040_erased_consents_sql),
        Migration(number: 41, name: "open_messages", sql: PackageResources.m0041_open_messages_sql),
        Migration(number: 42, name: "clock_plan", sql: PackageResources.m0042_clock_plan_sql),
        Migration(number: 43, name: "resends", sql: PackageResources.m0043_resends_sql),
        Migration(number: 44, name: "return_limits", sql: PackageResources.m0044_return_limits_sql),
        Migration(number: 45, name: "mail_counts", sql: PackageResources.m0045_mail_counts_sql),
        Migration(
            number: 46, name: "growing_interventions", sql: PackageResources.m0046_growing_interventions_sql),
        Migration(number: 47, name: "consent_seals", sql: PackageResources.m0047_consent_seals_sql),
    ]
}
