using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>The network namespace that a socket of Linux belongs to, which may be another than the thread's.</summary>
internal static unsafe class SocketNamespace
{
    /// <summary>Does something in the namespace of a socket, on the calling thread or on one of its own.</summary>
    /// <param name="socket">The socket's descriptor.</param>
    /// <param name="action">It opens further sockets.</param>
    /// <returns>False, and nothing was done, if the namespace cannot be entered.</returns>
    public static bool TryRun(int socket, Action action)
    {
        ulong home = Cookie(socket);
        if (home != 0 && home == CurrentCookie())
        {
            action();
            return true;
        }

        using SafeFileHandle? entry = OpenEntry(socket);
        if (entry is not null)
            return TryRunInside(entry, action);
        if (home != 0)
            return false;

        // An old system, and no right to enter a namespace: then the process has one only.
        action();
        return true;
    }

    // A thread that has entered a namespace ends there; the caller's thread never leaves its own.
    private static bool TryRunInside(SafeFileHandle entry, Action action)
    {
        bool isInside = false;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            isInside = LibcNative.EnterNamespace(entry, LibcNative.NetworkNamespace) == 0;
            try
            {
                if (isInside)
                    action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return isInside;
    }

    private static ulong CurrentCookie()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        return Cookie((int)socket.Handle);
    }

    /// <summary>The namespace's number, or 0 before Linux 5.14.</summary>
    private static ulong Cookie(int socket)
    {
        ulong cookie = 0;
        uint length = sizeof(ulong);
        int failed = LibcNative.GetSocketOption(
            socket, LibcNative.SocketLevel, LibcNative.NamespaceCookie, &cookie, &length);
        return failed == 0 ? cookie : 0;
    }

    private static SafeFileHandle? OpenEntry(int socket)
    {
        int descriptor = LibcNative.IoControl(socket, LibcNative.GetSocketNamespace, (nuint)0);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }
}
