public import JourneyProgram
public import Model
public import SendGate

extension Workspace {
    /// What becomes of a message where the gate keeps it back: as its step says, else its e-mail, else its journey.
    public func restraint(ofEmail email: String, step: String, of journey: Journey?) -> Restraint {
        (journey?.restraint(ofStep: step) ?? Restraint()).otherwise(emails[email]?.restraint)
            .otherwise(journey?.restraint)
    }

    /// The same for a journey by its name.
    public func restraint(ofEmail email: String, step: String, journey: String) -> Restraint {
        restraint(ofEmail: email, step: step, of: self.journey(named: journey)?.journey)
    }

    /// The instant from which a mail is not sent any more.
    ///
    /// - Parameter policy: the live one, where this is the version of the journey that the mail belongs to.
    public func end(
        ofEmail email: String, _ messageClass: MessageClass, plannedAt: Timestamp, under policy: SendPolicy
    ) -> Timestamp {
        policy.lifetimes.end(of: messageClass, own: emails[email]?.lifetime, plannedAt: plannedAt)
    }

    /// Whether a contact is in the hold-out; nil where there is none.
    public func isHeldOut(_ contact: UniqueID) -> Bool? { policy.holdOut?.holds(contact) }

    /// The priority of a journey's messages; 0 for one that is gone.
    public func priority(ofJourney name: String) -> Int { journey(named: name)?.journey.priority ?? 0 }

    /// Whether the runs of a journey go on behind a step while its message is held.
    public func goesOn(whileHeldAt step: String, journey name: String) -> Bool {
        journey(named: name)?.journey.goesOn(whileHeldAt: step) ?? false
    }
}
