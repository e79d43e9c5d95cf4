/// A place in a service's code where a test may have the process die, or stand still.
///
/// `LOODS_CRASH_POINT=mailer.after-handed:3` ends the process with SIGKILL when it comes to the place for the third time,
/// `LOODS_FREEZE_POINT` stops it there with SIGSTOP until somebody sends SIGCONT. Only where built for tests (debug): in a
/// release build nothing reads the names, and passing a place is nothing at all.
public enum CrashPoint: Sendable, CaseIterable {
    // The public edge
    /// A request's events are read, and nobody has them yet.
    case ingestAfterParse
    /// Some events of a batch are read, and others not.
    case ingestBetweenItems
    /// The broker has a group's events, and nobody has been answered.
    case ingestAfterConfirm
    /// A withdrawal is written, and not committed.
    case withdrawalBeforeCommit
    /// A withdrawal is applied, and not answered.
    case withdrawalAfterCommit

    // What every service does
    /// A body is on its way to the broker, which has not confirmed it.
    case publisherAfterPublish
    /// A transaction is committed, and its outbox rows are not published.
    case outboxBeforePublish
    /// Outbox rows are confirmed, and not deleted.
    case outboxAfterConfirm
    /// Stale outbox rows are taken, and not published.
    case sweeperAfterClaim
    /// Bodies are in hand, and nothing is done with them.
    case consumerAfterDelivery
    /// The effects of bodies are committed, and the broker has not heard.
    case consumerBeforeAck
    /// Bodies are acknowledged.
    case consumerAfterAck

    // Scoring
    /// Names and contacts of a batch are made, and its facts are not.
    case scoringAfterIdentities
    /// The facts of a batch are written, and not committed.
    case scoringBeforeCommit

    // Scheduler
    /// The contacts of a batch are locked, and nothing is read.
    case schedulerAfterLock
    /// Runs are stepped and their effects written, and not committed.
    case schedulerBeforeCommit
    /// Due timers are taken, and their runs not stepped.
    case schedulerCatchingUp
    /// Members of a broadcast have entered, and nothing is committed.
    case schedulerWalking

    // Mailer
    /// Messages are claimed, and none is begun.
    case mailerAfterClaim
    /// The mail server has all of a mail but the final dot, and the fence is not passed.
    case mailerPrepared
    /// A message is marked handed, and the final dot is not sent.
    case mailerAfterHanded
    /// The final dot is sent, and its answer is not here.
    case mailerAfterDot
    /// The mail server has answered, and the outcome is not recorded.
    case mailerAfterReply
    /// What came back of mails is read and what it does is written, and nothing is committed.
    case returnBeforeCommit

    // Erasure, by the command line
    /// The tables are gone through and hold nothing of the person, and nothing is committed.
    case erasureBeforeCommit
    /// That is committed, and no body that waits in the store is gone through.
    case erasureAfterCommit
    /// Some of the bodies are gone through, and others not.
    case erasureAfterSweep
    /// All are; that the erasure is over is written, and not committed.
    case erasureBeforeEnd
    /// The erasure is over, and whoever asked for it has not heard.
    case erasureAfterEnd

    /// Comes to the place: does nothing, but where a test has asked for this one.
    @inlinable public func pass() {
        #if DEBUG
            CrashPlan.pass(self)
        #endif
    }
}

/// What a service takes in hand, by kind, so that a test may name one that kills whoever handles it.
///
/// `LOODS_CRASH_ITEM=event:Poison` ends the process with SIGKILL whenever it handles an event of that name. As with
/// ``CrashPoint``, only where built for tests.
public enum CrashItem: Sendable, CaseIterable {
    /// An event that becomes a fact, by its name.
    case event
    /// A signal that journeys act on, by its event's name.
    case signal
    /// A run that is looked at, by its journey.
    case run
    /// A message that is put before the gate, by its template.
    case claim
    /// A message whose mail is made, by its template.
    case mail

    /// Takes items in hand: does nothing, but where a test has named one of them.
    @inlinable public func handle(_ names: @autoclosure () -> some Sequence<String>) {
        #if DEBUG
            if let name = CrashPlan.deadly(self), names().contains(name) { CrashPlan.die() }
        #endif
    }
}
