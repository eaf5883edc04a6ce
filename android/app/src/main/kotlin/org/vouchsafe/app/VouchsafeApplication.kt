package org.vouchsafe.app

import android.app.Application

class VouchsafeApplication : Application()
