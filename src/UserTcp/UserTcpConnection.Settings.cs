using UserTcp.Tcp;

namespace UserTcp;

/// <content>What can be changed, and looked at, while the connection lives.</content>
public sealed partial class UserTcpConnection
{
    /// <summary>Whether small segments leave at once (Nagle's algorithm off).</summary>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public bool NoDelay
    {
        get => _running.Look(static (core, _) => core.Tcb.Live.NoDelay);
        set => Configure(value, static (live, noDelay) => live with { NoDelay = noDelay });
    }

    /// <summary>Whether only full segments are sent. Setting it to false sends the rest at once.</summary>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public bool Corked
    {
        get => _running.Look(static (core, _) => core.Tcb.Live.Corked);
        set => Configure(value, static (live, corked) => live with { Corked = corked });
    }

    /// <summary>
    /// How long bytes may stay unacknowledged before the connection ends; null for no limit of its own.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or above 24 days.</exception>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public TimeSpan? UserTimeout
    {
        get => _running.Look(static (core, _) => core.Tcb.Live.UserTimeout);
        set
        {
            UserTcpConnectionOptions.CheckUserTimeout(value);
            Configure(value, static (live, timeout) => live with { UserTimeout = timeout });
        }
    }

    /// <summary>Probing of the idle connection; null for none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public UserTcpKeepAliveOptions? KeepAlive
    {
        get => _running.Look(static (core, _) => KeepAliveOf(core.Tcb.Live));
        set => Configure(value?.ToSettings(), static (live, settings) => live.WithKeepAlive(settings));
    }

    /// <summary>
    /// The differentiated services field of the packets that leave from now on; the ECN bits are ignored.
    /// </summary>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public byte TrafficClass
    {
        get => _running.Look(static (core, _) => core.Tcb.Live.TrafficClass);
        set
        {
            ThrowIfDisposed();
            _running.SetTrafficClass((byte)(value & UserTcpConnectionOptions.TrafficClassMask));
        }
    }

    /// <summary>
    /// How many bytes from the first unread one to the end of the urgent data, which the peer announced (RFC 9293
    /// §3.8.5); 0 if none is pending. The bytes themselves come in line with the others.
    /// </summary>
    public long UrgentBytesPending => _running.Look(static (core, _) => core.Tcb.UrgentBytes);

    /// <summary>
    /// Raised when the peer announced urgent data where none was pending, or more of it. Handlers run on the
    /// application scheduler, never on the caller's thread; they must not throw.
    /// </summary>
    public event EventHandler? UrgentDataAnnounced
    {
        add
        {
            lock (_running)
            {
                _urgentDataAnnounced += value;
                _running.UrgentAnnounced ??= OnUrgent; // few ask, and every connection would carry it
            }
        }

        remove
        {
            lock (_running)
                _urgentDataAnnounced -= value;
        }
    }

    /// <summary>
    /// Sends the bytes written to <see cref="Output"/> as urgent data (RFC 9293 §3.8.5). Does not wait. Call it from
    /// the thread that writes. New protocols should not use urgent data (RFC 6093); telnet does.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The connection was disposed of.</exception>
    public void FlushUrgent()
    {
        ThrowIfDisposed();
        _running.FlushUrgent();
    }

    private static UserTcpKeepAliveOptions? KeepAliveOf(LiveSettings live) => !live.KeepAlive ? null : new()
    {
        Time = live.KeepAliveTime,
        Interval = live.KeepAliveInterval,
        RetryCount = live.KeepAliveProbes,
    };

    private void Configure<T>(T value, Func<LiveSettings, T, LiveSettings> change)
    {
        ThrowIfDisposed();
        _running.Configure(value, change);
    }

    private void ThrowIfDisposed()
    {
        lock (_running)
            ObjectDisposedException.ThrowIf(_disposal is not null, this);
    }

    private void OnUrgent() => _urgentDataAnnounced?.Invoke(this, EventArgs.Empty);
}
