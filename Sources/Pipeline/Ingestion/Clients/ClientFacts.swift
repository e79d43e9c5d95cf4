import Model
import Networks

/// What is worked out of a sender's user agent and address, and put into the event's `context` where the sender does not
/// say it: `device.type`, `os` and `browser` with name and version, `bot`, and `location`.
///
/// The address itself is never kept: only whoever sends `context.ip` has it in the log.
public final class ClientFacts: Sendable {
    /// What becomes of events whose user agent is a robot's.
    public enum Bots: String, Sendable, CaseIterable {
        /// They are kept, with `context.bot` true. Those that came with a public key and name no user are nobody's: they
        /// stand in the log and make no contact, but for forms that were filled in.
        case mark
        /// Those that came with a public key are rejected.
        case reject
    }

    /// Members of `context`, each as `"name":value`.
    struct AgentMembers: Sendable {
        var device: [UInt8]?
        var system: [UInt8]?
        var browser: [UInt8]?
        var isBot: Bool

        static let bot = Array(#""bot":true"#.utf8)
        static let person = Array(#""bot":false"#.utf8)
    }

    let bots: Bots
    private let rules: BotRules
    private let places: PlaceDatabase?
    private let agents = Remembered<String, AgentMembers>(capacity: 8_192)
    private let locations = Remembered<NetworkAddress, [UInt8]?>(capacity: 16_384)

    /// - Parameters:
    ///   - rules: nil for those of Loods itself.
    ///   - places: nil where nothing is to be said of places.
    public init(bots: Bots = .mark, rules: BotRules? = nil, places: PlaceDatabase? = nil) {
        self.bots = bots
        self.rules = rules ?? .own
        self.places = places
    }

    func isRobot(_ agent: String) -> Bool { members(of: agent).isBot }

    func members(of agent: String) -> AgentMembers {
        agents.value(of: String(agent.prefix(BotRules.longestAgent))) { text in
            let agent = UserAgent(text)
            return AgentMembers(
                device: agent.device.map { Self.member("device", ["type": .string($0.rawValue)]) },
                system: agent.system.map { Self.member("os", $0.json) },
                browser: agent.browser.map { Self.member("browser", $0.json) }, isBot: rules.isBot(text))
        }
    }

    /// `mobile`, `desktop` and their like; nil where the agent does not say.
    func device(of agent: String) -> String? { UserAgent(agent).device?.rawValue }

    func place(of address: NetworkAddress) -> PlaceDatabase.Place? { places?.place(of: address) }

    /// Nil where no file says where the address is.
    func location(of address: NetworkAddress) -> [UInt8]? {
        guard let places else { return nil }
        return locations.value(of: address) { places.place(of: $0).map { Self.member("location", $0.json) } }
    }

    private static func member(_ name: String, _ members: [String: JSON]) -> [UInt8] {
        Array("\"\(name)\":".utf8) + JSON.object(members).serialized
    }
}

/// Who sends a request, as far as the connection tells; of a server's own connection it tells nothing about people.
struct RequestClient: Sendable {
    var agent: String?
    var address: NetworkAddress?

    static let unknown = RequestClient()
}

extension UserAgent.Named {
    fileprivate var json: [String: JSON] {
        var members = ["name": JSON.string(name)]
        if let version { members["version"] = .string(version) }
        return members
    }
}

extension PlaceDatabase.Place {
    fileprivate var json: [String: JSON] {
        ["country": country, "region": region, "city": city, "timezone": timeZone].compactMapValues {
            $0.map { .string($0) }
        }
    }
}
