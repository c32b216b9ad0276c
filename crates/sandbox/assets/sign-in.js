// Presses the button; without JavaScript, a person does.
document.getElementById("session").submit();
