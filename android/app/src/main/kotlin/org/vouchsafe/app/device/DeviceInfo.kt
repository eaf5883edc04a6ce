package org.vouchsafe.app.device

import android.content.Context
import android.os.Build

class DeviceInfo(context: Context, private val keys: AndroidKeyStore) {
    val appVersion: String = context.packageManager.getPackageInfo(context.packageName, 0).versionName ?: "unknown"
    val model = "${Build.MANUFACTURER} ${Build.MODEL}, Android ${Build.VERSION.RELEASE} (${Build.VERSION.SDK_INT})"

    fun keyStrength(): KeyStrength? = keys.strength()
}
