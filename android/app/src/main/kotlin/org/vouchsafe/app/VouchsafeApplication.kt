package org.vouchsafe.app

import android.app.Application

open class VouchsafeApplication : Application() {
    open val container: AppContainer by lazy { AppContainer(this) }
}
