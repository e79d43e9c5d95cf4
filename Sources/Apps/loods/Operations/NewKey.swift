import Contracts
import Model
import Postgres
import ServiceRuntime
import Store

/// A key on its way into the store; giving the same one again changes nothing.
struct NewKey: Sendable {
    let hash: [UInt8]
    /// Nil: named after its kind.
    let name: String?
    let kind: Keys.Kind
    /// Events a second; nil: as many as come.
    let rate: Int64?

    func add(to workspace: WorkspaceID, in session: PostgresSession) throws {
        let now = try DomainClock.read(in: session)
        if let standing = try Keys.find(hash: hash, in: session) {
            let isSame =
                standing.workspace == workspace && (standing.trust == .server) == (kind == .server)
                && name ?? standing.name == standing.name
            if isSame, rate == nil || rate == standing.rate { return }
            if isSame { throw fault("this key has another rate; loods keys limit \(standing.name) sets it") }
            throw fault("this key is in use already, under another name or kind")
        }
        let taken = Set(try Keys.list(of: workspace, in: session).map(\.name))
        if let name, taken.contains(name) {
            throw fault("there is a key named \"\(name)\" already, perhaps a revoked one; choose another name")
        }
        let free = (1...1000).lazy.map { $0 == 1 ? kind.rawValue : "\(kind.rawValue)-\($0)" }.first {
            !taken.contains($0)
        }
        guard let name = name ?? free else { throw fault("name the key with --name") }
        guard try Keys.add(hash: hash, name: name, kind: kind, rate: rate, to: workspace, now: now, in: session) else {
            // Of another workspace, perhaps, whose keys are not seen from here.
            throw fault("this key is in use or was revoked, and cannot come back; make another one")
        }
    }

    private func fault(_ sentence: String) -> ExitFault { ExitFault(code: .settings, message: sentence) }
}

/// Keys as Loods makes them: `lk_`, 8 characters that name it, `_`, and 43 that nobody can guess (256 bits).
enum FreshKey {
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")

    static func make() -> String { "lk_\(text(8))_\(text(43))" }

    private static func text(_ count: Int) -> String {
        // The system's generator, which is fit for secrets.
        var generator = SystemRandomNumberGenerator()
        return String((0..<count).map { _ in digits.randomElement(using: &generator)! })
    }
}
