import Model

/// Which user agents are robots'.
///
/// The rules below, unless the operator names a list of its own. None finds the scanners of mail gateways, which go by the
/// names of ordinary browsers.
public struct BotRules: Sendable {
    /// Of a user agent, more bytes than this say nothing more.
    static let longestAgent = 512

    /// Those who say that they are: by a word for it, by the address of a page about them (`+http://…`), or by the name of
    /// a library that no person browses with. "Cubot" is a make of telephones.
    static let ownPatterns = [
        #"[^Cc][^Uu][Bb]ot([^a-z]|$)"#, #"^[Bb]ot([^a-z]|$)"#, #"[^U]BOT([^A-Z]|$)"#, #"[Bb]ots?[\/;)@ ._-]http"#,
        #"[Cc]rawl"#, #"[Ss]pider"#, #"SPIDER"#, #"[Ss]lurp"#, #"[Rr]obot"#, #"[Ss]craper"#, #"[Ss]crapy"#,
        #"https?:"#, #"compatible; [^KM ]"#, #"[a-z]@[a-z]"#, #"\.(com|net|org|io|ai|eu)([^a-z]|$)"#, #"[Aa]rchiver"#,
        #"[Ii]ndexer"#, #"[Ff]etcher"#, #"[Pp]review"#, #"[Mm]onitor"#,
        #"[Vv]alidator"#, #"[Cc]heck"#, #"[Ff]eed"#, #"RSS"#, #"[Ss]can"#, #"[Uu]ptime"#, #"[Pp]ingdom"#,
        #"Headless"#, #"PhantomJS"#, #"Lighthouse"#, #"facebookexternalhit"#, #"Google-"#, #"GoogleImageProxy"#,
        #"YahooMailProxy"#, #"Mediapartners"#, #"APIs-Google"#, #"AppEngine-Google"#, #"BingPreview"#, #"WhatsApp\/"#,
        #"^curl\/"#, #"^[wW]get"#, #"[Pp]ython"#, #"^Java\/"#, #"^Ruby"#, #"^PHP"#, #"^Go-http-client"#, #"^okhttp"#,
        #"[Hh]ttp-?[Cc]lient"#, #"HTTP_Request"#, #"libwww"#, #"[Ll]ib[Cc]url"#, #"^axios"#, #"^node"#, #"^undici"#,
        #"[Gg]uzzle"#, #"[Nn]utch"#, #"Embedly"#, #"PTST\/"#, #"^WordPress\/"#, #"[Aa]nalyzer"#, #"Synthetic"#,
        #"[Ww]ebhook"#, #"ips-agent"#, #"Proxy"#, #"Indy Library"#, #"Yandex[A-Z]"#, #"^$"#,
    ]

    static let own = BotRules(patterns: ownPatterns.compactMap { try? BotPattern($0) })

    private let patterns: [BotPattern]

    private init(patterns: [BotPattern]) { self.patterns = patterns }

    /// Reads a list: a JSON array whose objects have a `pattern`, as the public list crawler-user-agents has them, or lines
    /// with a pattern each (`#` begins a remark).
    ///
    /// - Throws: which pattern cannot be read, and why.
    init(list text: [UInt8]) throws(BotPattern.Fault) {
        var patterns: [BotPattern] = []
        for pattern in Self.patterns(in: text) {
            do throws(BotPattern.Fault) {
                patterns.append(try BotPattern(pattern))
            } catch {
                throw BotPattern.Fault(message: "\(pattern): \(error.message)")
            }
        }
        guard !patterns.isEmpty else { throw BotPattern.Fault(message: "there is no pattern in it") }
        self.patterns = patterns
    }

    /// What the setting `LOODS_BOT_LIST` names.
    ///
    /// - Returns: nil where the list cannot be used.
    public static func list(_ text: [UInt8]) -> BotRules? { try? BotRules(list: text) }

    private static func patterns(in text: [UInt8]) -> [String] {
        if let list = (try? JSON(parsing: text))?.array {
            return list.compactMap { $0["pattern"]?.string ?? $0.string }
        }
        return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
            .filter { !$0.hasPrefix("#") }
    }

    func isBot(_ agent: String) -> Bool {
        let text = Array(agent.utf8.prefix(Self.longestAgent))
        return patterns.contains { $0.fits(text) }
    }
}
