import Model
import Simulation

/// For whom it would have come to something else: who would have entered, received and converted, and who would not.
struct PastDifferences: Sendable {
    /// Contacts that are named of each difference.
    private static let namedAtMost = 5

    /// What may come of a past.
    enum Matter: Hashable, Comparable, Sendable {
        case entered
        case sent(step: String)
        case goal

        var step: String? { if case .sent(let step) = self { step } else { nil } }

        var word: String {
            switch self {
            case .entered: "entered"
            case .sent: "sent"
            case .goal: "goal"
            }
        }
    }

    struct Place: Hashable, Comparable, Sendable {
        var journey: String
        var matter: Matter
        /// Whether the files come to more of it than what is live.
        var isMore: Bool

        static func < (left: Place, right: Place) -> Bool {
            (left.journey, left.matter, left.isMore ? 1 : 0) < (right.journey, right.matter, right.isMore ? 1 : 0)
        }
    }

    struct Group: Sendable {
        var contacts = 0
        /// The first of them.
        var named: [Past.Name] = []
    }

    private(set) var groups: [Place: Group] = [:]

    /// A contact with whom it comes to more or less of something.
    struct Record: Sendable {
        static let columns = ["contact", "email", "journey", "what", "step", "live", "files"]

        var name: Past.Name
        var place: Place
        var live: Int
        var files: Int

        var cells: [String: JSON] {
            var cells: [String: JSON] = [
                "contact": .string(name.id), "journey": .string(place.journey), "what": .string(place.matter.word),
                "live": .int(Int64(live)), "files": .int(Int64(files)),
            ]
            cells["email"] = name.email.map { .string($0) }
            cells["step"] = place.matter.step.map { .string($0) }
            return cells
        }
    }

    /// Takes in what came of one contact's past on both sides.
    ///
    /// - Returns: what differs, journey by journey.
    mutating func add(_ name: Past.Name, live: [Happening], files: [Happening]) -> [Record] {
        let (live, files) = (Self.counts(in: live), Self.counts(in: files))
        let records = Set(live.keys).union(files.keys).compactMap { key -> Record? in
            let (old, new) = (live[key] ?? 0, files[key] ?? 0)
            guard old != new else { return nil }
            let place = Place(journey: key.journey, matter: key.matter, isMore: new > old)
            return Record(name: name, place: place, live: old, files: new)
        }.sorted { $0.place < $1.place }
        for record in records {
            groups[record.place, default: Group()].contacts += 1
            if groups[record.place]!.named.count < Self.namedAtMost { groups[record.place]!.named.append(name) }
        }
        return records
    }

    private struct Key: Hashable {
        var journey: String
        var matter: Matter
    }

    private static func counts(in story: [Happening]) -> [Key: Int] {
        story.reduce(into: [:]) { counts, line in
            let matter: Matter? =
                switch line.what {
                case .started: .entered
                case .sent(let step, _, _): .sent(step: step)
                case .ended(.goal, _): .goal
                default: nil
                }
            if let matter { counts[Key(journey: line.journey ?? "", matter: matter), default: 0] += 1 }
        }
    }

    // MARK: Telling

    /// A row for each difference, with what leads each.
    ///
    /// - Parameter steps: in the order in which to tell of them.
    func rows(along steps: [CrowdCount.Step]) -> [(label: String, words: String)] {
        let ranks = Dictionary(steps.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
        let journeys = Dictionary(steps.enumerated().map { ($0.element.journey, $0.offset) }) { first, _ in first }
        /// What is entered comes before the first step, and the goal behind the last.
        func rank(_ place: Place) -> (Int, String, Int, Int) {
            let step = place.matter.step.map { CrowdCount.Step(journey: place.journey, step: $0) }
            let within = step.map { ranks[$0] ?? steps.count } ?? (place.matter == .entered ? -1 : steps.count + 1)
            return (journeys[place.journey] ?? steps.count, place.journey, within, place.isMore ? 1 : 0)
        }
        return groups.sorted { rank($0.key) < rank($1.key) }.map { place, group in
            let names = group.named.map(\.shown)
            let others = group.contacts - names.count
            let words = names.joined(separator: ", ") + (others > 0 ? " and \(others.counted("other"))" : "")
            return (Self.label(place, group.contacts), words)
        }
    }

    private static func label(_ place: Place, _ contacts: Int) -> String {
        let sign = place.isMore ? "+" : "−"
        return switch place.matter {
        case .entered: "\(sign)\(contacts.grouped)  \(place.journey) entered"
        case .sent(let step): "\(sign)\(contacts.grouped)  \(place.journey)/\(step) sent"
        case .goal: "\(sign)\(contacts.grouped)  \(place.journey) reached its goal"
        }
    }

    var json: JSON {
        .array(
            groups.sorted { $0.key < $1.key }.map { place, group in
                var members: [String: JSON] = [
                    "journey": .string(place.journey), "what": .string(place.matter.word),
                    "contacts": .int(Int64(group.contacts)), "more": .bool(place.isMore),
                    "named": .array(group.named.map { .string($0.id) }),
                ]
                members["step"] = place.matter.step.map { .string($0) }
                return .object(members)
            })
    }
}
