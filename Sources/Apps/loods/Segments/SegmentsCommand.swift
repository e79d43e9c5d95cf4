import ArgumentParser
import Model
import ServiceRuntime
import Store
import Workspaces

struct SegmentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segments", abstract: "Count who is in each segment, or list the members of one.")

    @Argument(help: "A segment, to list who is in it.")
    var segment: String?
    @Option(help: "How many members at most.")
    var limit: Int32 = 100
    @Option(help: "Begin behind the contact with this id.")
    var after: String?
    @OptionGroup var workspace: WorkspaceOption
    @OptionGroup var format: FormatOption

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is 1 or more.") }
        if let after, UniqueID(after) == nil { throw ValidationError("--after is a contact's id.") }
    }

    func run() async throws {
        if let segment { try await list(segment) } else { try await count() }
    }

    private func count() async throws {
        let choice = try workspace.choice()
        let census = try await withWorkspace(choice) { try SegmentCensus(of: $0, in: $1) }
        if format.json { return Console.show(census.json) }
        for line in census.lines { print(line) }
    }

    private func list(_ name: String) async throws {
        let (choice, limit) = (try workspace.choice(), limit)
        let after = after.flatMap { UniqueID($0) }
        let members = try await withWorkspace(choice) { workspace, session in
            let known = try SegmentCensus(of: workspace, in: session).segments ?? []
            guard known.contains(where: { $0.name == name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                throw ExitFault(
                    code: .failures,
                    message: "workspace \(workspace.name) has no segment \"\(name)\""
                        + (names.isEmpty ? "" : "; there are \(names)"))
            }
            return try SegmentDirectory.members(
                of: name, in: workspace.id, after: after, limit: limit, session: session)
        }
        if format.json { return Console.show(.array(members.map(\.json))) }
        for member in members {
            let times = member.ordinal > 1 ? "   for the \(member.ordinal.place) time" : ""
            print(
                "\(member.contact.contact)   since \(member.enteredAt)   "
                    + "\(Console.safe(member.address ?? "no address"))\(times)")
        }
        if members.count == Int(limit), let last = members.last {
            Console.note("there may be more: --after \(last.contact.contact)")
        }
    }
}

extension SegmentDirectory.Member {
    fileprivate var json: JSON {
        .object([
            "contact": .string(contact.contact.description), "email": address.map { .string($0) } ?? .null,
            "entered_at": .string(enteredAt.description), "ordinal": .int(Int64(ordinal)),
            "cause": .string(cause.rawValue),
        ])
    }
}

extension Int32 {
    /// `2nd`, `11th`.
    var place: String {
        let isTeen = (11...13).contains(self % 100)
        let ending =
            switch self % 10 {
            case 1 where !isTeen: "st"
            case 2 where !isTeen: "nd"
            case 3 where !isTeen: "rd"
            default: "th"
            }
        return "\(self)\(ending)"
    }
}
