/// What a login may do in a Loods database: roles of the server without a login, each with the least rights that its part
/// needs. What each may do with each table is decided in `Tests/StoreTests/Rights.swift`.
public enum Role: String, Sendable, Hashable, CaseIterable {
    case ingest = "loods_ingest"
    case scoring = "loods_scoring"
    case scheduler = "loods_scheduler"
    case mailer = "loods_mailer"
    /// The command line for all of a cell: every workspace, and what none owns.
    case `operator` = "loods_operator"
    /// The command line and the console within the one workspace that is bound; see `Standing`.
    case tool = "loods_tool"
    /// Looks at the one workspace that is bound, and changes nothing.
    case reader = "loods_reader"

    /// As folders of passwords call it: `ingest`.
    public var shortName: String { String(rawValue.dropFirst("loods_".count)) }

    /// The role called so; nil for another name.
    public init?(shortName: String) { self.init(rawValue: "loods_\(shortName)") }
}
