import HTTPTypes
import Hummingbird

/// Who follows a link of a mail or loads its pixel, as far as the request tells: what only a person does is worth something to
/// scores, and much of what comes is done by machines.
///
/// Every one is recorded with what it is (`kind` in the event's properties), so that later and better judgement has it all.
enum Visit: String, Sendable, CaseIterable {
    case human
    /// A mail provider fetches what its user may look at, or not: Apple's Mail Privacy Protection, the image proxies of Gmail
    /// and Yahoo, browsers that prefetch.
    case prefetch
    /// A mail gateway looks for danger, or a robot follows all links there are.
    case scanner
    /// A program that is none of a known browser.
    case unknown

    /// - Parameter isRobot: whether a user agent is a robot's.
    init(_ request: Request, isRobot: (String) -> Bool) {
        let agent = request.headers[.userAgent] ?? ""
        let purposes = Self.purposes.compactMap { request.headers[$0]?.lowercased() }
        if Self.proxies.contains(where: agent.contains) || purposes.contains(where: { $0.contains("prefetch") }) {
            self = .prefetch
        } else if agent == Self.privateMail {
            self = .prefetch
        } else if request.method == .head || isRobot(agent) {
            self = .scanner
        } else {
            self = agent.hasPrefix("Mozilla/") ? .human : .unknown
        }
    }

    /// All that Apple's Mail says of itself where it loads remote content for privacy's sake.
    private static let privateMail = "Mozilla/5.0"
    private static let proxies = ["GoogleImageProxy", "ggpht.com", "YahooMailProxy", "YahooCacheSystem"]
    private static let purposes = ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"].compactMap { HTTPField.Name($0) }
}
