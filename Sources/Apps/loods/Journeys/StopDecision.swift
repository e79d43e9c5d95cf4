import JourneyProgram
import Model

/// The decision that ends a run by somebody's word.
enum StopDecision {
    static func id(of run: UniqueID) -> UniqueID { Journey.decisionID(run: run, step: "stop", visit: 1) }
}
