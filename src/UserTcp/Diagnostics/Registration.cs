namespace UserTcp.Diagnostics;

/// <summary>Undoes something when it is disposed of, once.</summary>
internal sealed class Registration(Action undo) : IDisposable
{
    private Action? _undo = undo;

    public void Dispose() => Interlocked.Exchange(ref _undo, null)?.Invoke();
}
