namespace UserTcp.AspNetCore.Tests.Support;

internal static class TokenWords
{
    /// <summary>Completes when the token is cancelled.</summary>
    public static async Task WhenCancelledAsync(this CancellationToken token)
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = token.Register(() => signal.TrySetResult());
        await signal.Task.WaitAsync(WebLab.Guard);
    }
}
