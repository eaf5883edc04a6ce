package org.vouchsafe.app

import android.app.Application

open class VouchsafeApplication : Application() {
    open val parts: Parts by lazy { Parts(this) }
}
