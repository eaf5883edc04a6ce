//! What Kotlin sees of a supervisor's override.

use super::{DeviceClock, EngineError, Redemption, Result, Service, Verifier};
use crate::verifier;
use protocol::id::OperatorId;

#[uniffi::export]
impl Verifier {
    /// The names of this provider's supervisors, as the profile has them; none before the phone has its profile.
    pub fn supervisors(&self) -> Vec<String> {
        self.engine().supervisors().map(ToString::to_string).collect()
    }

    /// As `redeem`, with a supervisor's override and PIN: trust that is too old, where the programme lets a supervisor
    /// decide, and a clock that was turned back do not stand against the voucher; everything else does.
    ///
    /// # Errors
    /// [`EngineError::NotAllowed`] for a name that is no supervisor's. Nothing was recorded, and why.
    pub fn redeem_with_override(
        &self,
        text: &str,
        service: Service,
        supervisor: &str,
        pin: &str,
        now: DeviceClock,
    ) -> Result<OverrideOutcome> {
        let service = service.try_into()?;
        let supervisor = OperatorId::new(supervisor).map_err(EngineError::Argument)?;
        let supervision = verifier::Supervision { supervisor, pin };
        match self.engine().redeem_with_override(text, service, &supervision, now.into()) {
            Ok(redemption) => Ok(OverrideOutcome::Decided { redemption: redemption.into() }),
            Err(verifier::EngineError::WrongPin) => Ok(OverrideOutcome::WrongPin),
            Err(verifier::EngineError::PinWait(wait)) => {
                Ok(OverrideOutcome::Wait { seconds: wait.as_seconds() })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What came of a supervisor's override.
#[derive(Clone, Debug, uniffi::Enum)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is made once a voucher, and crosses the border at once"
)]
pub enum OverrideOutcome {
    /// The override was given, or was not needed, or does not help.
    Decided {
        /// What came of the voucher.
        redemption: Redemption,
    },
    /// The PIN is another one; nothing was recorded.
    WrongPin,
    /// Wrong PINs were typed before, so none is looked at for a while; nothing was recorded.
    Wait {
        /// For how long still.
        seconds: u64,
    },
}
