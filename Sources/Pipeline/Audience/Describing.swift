import Contracts
import Expressions
import Model
import Store

extension Contacts.State {
    /// Takes over what an event says of the contact: attributes, and the company it belongs to. Per attribute the last writer
    /// wins, by (time, event id).
    ///
    /// - Parameter isJoined: whether the contact has more names than one.
    /// - Returns: whether anything changed.
    @discardableResult
    mutating func describe(by event: AcceptedEvent, isJoined: Bool) throws -> Bool {
        guard event.mayDescribe, mayBeDescribed(by: event, isJoined: isJoined) else { return false }
        var hasChanged = try joinCompany(by: event)
        let traits =
            event.call == .identify
            ? try JSON(parsing: event.properties) : try JSON(parsing: event.context)["traits"] ?? .null
        guard let traits = traits.object else { return hasChanged }
        for (name, value) in traits where event.trust != .publicKey || name != "email" {
            if name == "email", !value.mayBeAnAddress { continue }
            if let held = marks[name], event.mark <= held { continue }
            marks[name] = event.mark
            attributes[name] = value == .null ? nil : name == "email" ? value.addressOfDNS : value
            hasChanged = true
        }
        if hasGivenAddress, forgetHearsay() { hasChanged = true }
        return hasChanged
    }

    /// A public key describes only those that nobody knows: one name, a device, and no address ever.
    private func mayBeDescribed(by event: AcceptedEvent, isJoined: Bool) -> Bool {
        guard event.trust == .publicKey else { return true }
        guard case .identity(let identity) = event.subject else { return false }
        return identity.kind == .anonymous && event.subjectID == key.contact && !isJoined && !hasGivenAddress
    }

    /// Whether somebody trusted has ever said what the address is, be it that there is none any more.
    private var hasGivenAddress: Bool { marks["email"] != nil }

    private mutating func joinCompany(by event: AcceptedEvent) throws -> Bool {
        guard event.trust != .publicKey, event.call == .group, let company = try event.company else { return false }
        return join(Contacts.Membership(company: company, mark: event.mark))
    }

    /// - Returns: whether that is later than what stands.
    @discardableResult
    mutating func join(_ membership: Contacts.Membership) -> Bool {
        if let held = self.membership, membership.mark <= held.mark { return false }
        self.membership = membership
        return true
    }

    /// Forgets what the events at these places said.
    ///
    /// - Returns: whether there was any.
    mutating func forget(_ places: Set<HistoryPosition>) -> Bool {
        let names = marks.filter { places.contains($0.value.place) }.keys
        for name in names {
            marks[name] = nil
            attributes[name] = nil
        }
        let leaves = membership.map { places.contains($0.mark.place) } ?? false
        if leaves { membership = nil }
        return !names.isEmpty || leaves
    }
}

extension AcceptedEvent {
    fileprivate var mark: Contacts.AttributeMark {
        Contacts.AttributeMark(at: at, eventID: eventID, isTrusted: trust != .publicKey)
    }

    /// The company that a group call names.
    var company: String? {
        get throws {
            guard call == .group, let id = try JSON(parsing: properties)["group_id"] else { return nil }
            switch id {
            case .string(let text): return text.isEmpty ? nil : text
            case .int(let number): return String(number)
            default: return nil
            }
        }
    }

    /// The event as rules see it.
    var seen: HistoryEvent {
        get throws {
            HistoryEvent(at: at, eventID: eventID, name: name, properties: try JSON(parsing: properties))
        }
    }
}

extension Contacts.AttributeMark {
    fileprivate var place: HistoryPosition { HistoryPosition(at: at, eventID: eventID) }
}

extension JSON {
    /// Whether the value may stand where mail goes: a text no longer than an address may be (RFC 5321, section 4.5.3.1), or
    /// null, which takes the address away. Contacts are found by it, and the index holds nothing longer.
    fileprivate var mayBeAnAddress: Bool { self == .null || string.map { $0.utf8.count <= 254 } ?? false }

    /// An address as the store finds it, whichever way its domain is written.
    fileprivate var addressOfDNS: JSON { string.map { .string($0.addressOfDNS) } ?? self }
}
